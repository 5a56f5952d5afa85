"""What a probe source asks, and what a good answer is."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from obs.spec.http_credentials import HttpCredentials
from obs.spec.model import HttpUrl, Matching, Model, Name, wrong
from obs.spec.quantity import NotBoolean
from obs.spec.source import Timeout
from obs.spec.tls import Tls

_STATUS: Final = r"^[1-5]([0-9][0-9]|xx)$"
_LONGEST: Final = 1_000  # characters of a text that is looked for
_MOST: Final = 20


def _status(written: object) -> object:
    return str(written) if isinstance(written, int) and not isinstance(written, bool) else written


Status = Annotated[
    str,
    Matching(_STATUS, "a status such as 200, or a class such as 2xx"),
    BeforeValidator(_status),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": _STATUS},
            ]
        }
    ),
]
"""An HTTP status, or a class of them."""

FieldPath = Annotated[
    str,
    Field(min_length=1, max_length=256),
    Matching(r"^[^.\s][^\s]*$", "names with dots between them, for example data.status"),
]
"""Where a value is in a JSON document: names of fields, with dots between them."""

Text = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
Word = Annotated[str, Field(min_length=1, max_length=64)]


def _host_and_port(text: str) -> str:
    host_and_port(text)
    return text


def host_and_port(text: str) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 address stands in brackets. Raises an error from
    `wrong`."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+):([0-9]{1,5})", text)
    if found is None or not 0 < int(found[2]) < 65_536:
        raise wrong(f"{text[:80]!r} does not fit; write host:port, for example db.internal:5432")
    return found[1].strip("[]"), int(found[2])


HostPort = Annotated[str, Field(max_length=300), AfterValidator(_host_and_port)]
"""A host and a TCP port, as host:port."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(f"is not a regular expression of Python: {error}") from None
    return text


Expected = bool | Annotated[int, NotBoolean] | float | Text
"""A value of a JSON document: a text, a number, true or false."""


class Expect(Model):
    """What a good answer is. All that is written has to hold."""

    status: Annotated[tuple[Status, ...], Field(min_length=1, max_length=_MOST)] = ("2xx",)
    """Statuses, or classes such as 2xx."""
    body_contains: Text | None = None
    """A text that the body contains."""
    body_matches: Annotated[Text, AfterValidator(_pattern)] | None = None
    """A regular expression that the body matches somewhere; it runs in a process of its own, which
    is ended when the probe's time is up."""
    values: Annotated[dict[FieldPath, Expected], Field(max_length=_MOST, alias="json")] = {}
    """Values of the body, which is a JSON document, by where they are: {data.status: ok}."""

    @property
    def reads_body(self) -> bool:
        """Whether the body is judged."""
        return bool(self.body_contains or self.body_matches or self.values)

    def takes(self, status: int) -> bool:
        """Whether the status is expected."""
        return str(status) in self.status or f"{status // 100}xx" in self.status


class ReportedDependencies(Model):
    """What a readiness answer, which is a JSON document, says of what its service depends on.

    By name, or as a list of objects with a name: true or false, a state, or an object with a state
    in `status`, `state`, `healthy` or `up`.
    """

    field: FieldPath
    """Where the dependencies are in the body, for example components or data.checks."""
    up: Annotated[tuple[Word, ...], Field(max_length=_MOST)] = ()
    """States of a dependency that works; then every other is down (default: those that most
    libraries use, such as ok, up, pass and healthy)."""


_HTTP_ONLY: Final[tuple[str, ...]] = (
    *("method", "body", "headers", "secret_headers", "headers_file", "token", "token_file"),
    *("user", "password", "password_file", "allow_plaintext", "redirects", "expect"),
    "dependencies",
)
_TLS_ONLY: Final[tuple[str, ...]] = ("ca_file", "cert_file", "key_file", "server_name")


class ProbeTarget(HttpCredentials, Tls):
    """One target: an HTTP URL, a TCP port, or a port that speaks TLS."""

    name: Name
    """Name of the target, which becomes a label."""
    http: HttpUrl | None = None
    """URL that is requested."""
    tcp: HostPort | None = None
    """host:port that has to accept a connection."""
    tls: HostPort | None = None
    """host:port that has to accept a TLS connection, whose certificate is verified."""
    timeout: Timeout | None = None
    """Time for everything from looking up the name to the last byte (default: that of the
    source)."""
    method: Literal["GET", "HEAD", "POST", "PUT", "OPTIONS"] = "GET"
    """HTTP method."""
    body: Annotated[str, Field(max_length=16_384)] | None = None
    """Body of the request."""
    redirects: Annotated[int, Field(ge=0, le=10), NotBoolean] = 0
    """How many redirects are followed (default: none, a redirect is the answer). Each is checked as
    the URL is, and credentials stay with their host."""
    server_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Name that the certificate has to have, and that TLS asks for (default: the host)."""
    expect: Expect = Expect.default()
    """What a good answer is (default: a status 2xx)."""
    dependencies: ReportedDependencies | None = None
    """Where the answer tells of what its service depends on (default: nowhere)."""

    @property
    def kind(self) -> Literal["http", "tcp", "tls"]:
        """What is probed."""
        return "http" if self.http else "tcp" if self.tcp else "tls"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        if self.http is None:
            return host_and_port(self.tcp or self.tls or "")
        parts = urlsplit(self.http)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def encrypted(self) -> bool:
        """Whether it is spoken to over TLS."""
        return bool(self.tls or (self.http and self.http.startswith("https:")))

    @property
    def where(self) -> str:
        """Its address for people, without a query."""
        return (self.http or self.tcp or self.tls or "").partition("?")[0]

    @model_validator(mode="after")
    def _one_kind(self) -> "ProbeTarget":
        given = [name for name in ("http", "tcp", "tls") if getattr(self, name)]
        if len(given) != 1:
            raise wrong(f"needs exactly one of http, tcp, tls; has {' and '.join(given) or 'none'}")
        written = self.model_fields_set
        for name in (each for each in _HTTP_ONLY if each in written and not self.http):
            raise wrong(f"is only for http; remove it, or probe a URL instead of {given[0]}", name)
        may_encrypt = self.encrypted or self.redirects
        for name in (each for each in _TLS_ONLY if each in written and not may_encrypt):
            raise wrong("is only for TLS; write an https:// URL or tls", name)
        return self

    @model_validator(mode="after")
    def _fits_http(self) -> "ProbeTarget":
        if self.http is None:
            return self
        self.check_unread(self.http, "http")
        if self.body is not None and self.method in ("GET", "HEAD", "OPTIONS"):
            raise wrong(f"{self.method} has no body; write method: POST", "body")
        reads = self.expect.reads_body or self.dependencies
        if self.method == "HEAD" and reads:
            raise wrong("the answer to HEAD has no body; write GET", "method")
        return self


def value_at(document: Any, path: str) -> Any:
    """The value at a path of a JSON document, None where there is none.

    A name with a dot is found too, as are numbers of the items of a list.
    """
    if isinstance(document, Mapping) and path in document:
        return document[path]
    name, dot, rest = path.partition(".")
    if isinstance(document, list) and name.isdigit() and int(name) < len(document):
        below = document[int(name)]
    elif isinstance(document, Mapping) and name in document:
        below = document[name]
    else:
        return None
    return value_at(below, rest) if dot else below
