"""The web configuration file of Prometheus' exporter-toolkit: what may be written in it.

Whatever would weaken the protection by being ignored (cipher suites, curves, a rate limit …) is
refused rather than skipped.
"""

import ssl
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

import bcrypt
import yaml

from obs.bounded_yaml import UnreadableYaml, YamlLimits, compose_yaml
from obs.errors import BadInput

Choice = TypeVar("Choice")

_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
_LIMITS: Final = YamlLimits(values=20_000, levels=50)
_LARGEST: Final = 256 * 1024  # bytes
_MOST_TOLD: Final = 100  # problems: a file of another kind has one in each line
_DEAREST: Final = 14  # bcrypt cost: about a second for each password that is not known yet
_SECTIONS: Final = ("tls_server_config", "http_server_config", "basic_auth_users")
_TLS_FIELDS: Final = (
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
)


@dataclass(frozen=True, slots=True)
class Tls:
    """How the server identifies itself, and whether clients have to."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    client_names: tuple[str, ...] = ()  # subject alternative names let in; empty: all
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True)
class WebConfig:
    """A web configuration file. `users`: bcrypt hash by name; `headers` go on every answer."""

    tls: Tls | None = None
    users: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def read(file: Path) -> WebConfig:
    """The configuration in `file`. Raises BadInput with every problem, one a line."""
    try:
        if not file.is_file() and file.exists():  # a pipe or a device may never end
            raise BadInput(f"{file}: cannot be read: not a regular file")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise BadInput(f"{file}: larger than {_LARGEST // 1024} KiB; name fewer users")
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise BadInput(f"{file}: cannot be read: {reason}") from None
    return parse(text, file)


def parse(text: str, file: Path) -> WebConfig:
    """The configuration in `text`; paths in it are relative to `file`. Raises BadInput."""
    reader = _Reader(file)
    try:
        root = compose_yaml(text, _LIMITS)
    except UnreadableYaml as error:
        raise BadInput(f"{file}:{error.line or 1}: {error}") from None
    config = WebConfig()
    if root is not None:
        sections = reader.mapping(root, "", _SECTIONS)
        config = WebConfig(
            tls=_tls(reader, sections.get("tls_server_config")),
            users=_users(reader, sections.get("basic_auth_users")),
            headers=_headers(reader, sections.get("http_server_config")),
        )
    if reader.problems:
        raise BadInput("\n".join(reader.told()))
    return config


class _Reader:
    """Takes YAML nodes apart and collects what is wrong with them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[str] = []

    def told(self) -> list[str]:
        """The first problems, and how many more there are."""
        more = len(self.problems) - _MOST_TOLD
        and_more = [f"{self.file}: {more} more problems"] if more > 0 else []
        return self.problems[:_MOST_TOLD] + and_more

    def wrong(self, node: yaml.Node, path: str, what: str) -> None:
        where = f"{self.file}:{node.start_mark.line + 1}"
        self.problems.append(f"{where}: {path}: {what}" if path else f"{where}: {what}")

    def mapping(
        self, node: yaml.Node, path: str, known: tuple[str, ...] | None = None
    ) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, path, "must be a mapping")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.wrong(key, path, "a key must be a single word")
                continue
            name = str(key.value)
            below = f"{path}.{name}" if path else name
            if known is not None and name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"known fields: {', '.join(known)}"
                self.wrong(key, below, f"not supported; {hint}")
            elif name in found:
                first = found[name].start_mark.line + 1
                self.wrong(key, below, f"duplicate; first on line {first}")
            else:
                found[name] = value
        return found

    def text(self, node: yaml.Node, path: str) -> str:
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self.wrong(node, path, "must be a string")
        return ""

    def file_named(self, node: yaml.Node | None, path: str) -> Path | None:
        if node is None or not (name := self.text(node, path)):
            return None
        found = self.file.parent / name
        if not found.is_file():
            self.wrong(node, path, f"no such file: {found}")
        return found

    def choice(
        self, node: yaml.Node | None, path: str, choices: dict[str, Choice], default: Choice
    ) -> Choice:
        if node is None:
            return default
        name = self.text(node, path)
        if name not in choices:
            self.wrong(node, path, f"must be one of {', '.join(choices)}")
        return choices.get(name, default)


def _tls(reader: _Reader, node: yaml.Node | None) -> Tls | None:
    if node is None:
        return None
    path = "tls_server_config"
    fields = reader.mapping(node, path, _TLS_FIELDS)
    if not fields:
        return None
    certificate = reader.file_named(fields.get("cert_file"), f"{path}.cert_file")
    key = reader.file_named(fields.get("key_file"), f"{path}.key_file")
    for name, value in (("cert_file", certificate), ("key_file", key)):
        if value is None and name not in fields:
            reader.wrong(node, f"{path}.{name}", "missing")
    authorities = reader.file_named(fields.get("client_ca_file"), f"{path}.client_ca_file")
    client_auth = reader.choice(
        fields.get("client_auth_type"), f"{path}.client_auth_type", _CLIENT_AUTH, ssl.CERT_NONE
    )
    names = _names(reader, fields.get("client_allowed_sans"), f"{path}.client_allowed_sans")
    if (authorities is not None) != (client_auth != ssl.CERT_NONE):
        reader.wrong(node, path, "client_ca_file and client_auth_type must be set together")
    if names and client_auth != ssl.CERT_REQUIRED:
        needed = "needs client_auth_type: RequireAndVerifyClientCert"
        reader.wrong(node, f"{path}.client_allowed_sans", needed)
    lowest = _version(reader, fields, "min_version", ssl.TLSVersion.TLSv1_2)
    highest = _version(reader, fields, "max_version", ssl.TLSVersion.TLSv1_3)
    if lowest > highest:
        reader.wrong(node, path, "min_version is above max_version")
    if certificate is None or key is None:
        return None
    return Tls(certificate, key, authorities, client_auth, names, lowest, highest)


def _version(
    reader: _Reader, fields: dict[str, yaml.Node], name: str, default: ssl.TLSVersion
) -> ssl.TLSVersion:
    return reader.choice(fields.get(name), f"tls_server_config.{name}", _VERSIONS, default)


def _names(reader: _Reader, node: yaml.Node | None, path: str) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        reader.wrong(node, path, "must be a list of names")
        return ()
    return tuple(reader.text(item, path) for item in node.value)


def _users(reader: _Reader, node: yaml.Node | None) -> dict[str, bytes]:
    users: dict[str, bytes] = {}
    if node is None:
        return users
    for name, value in reader.mapping(node, "basic_auth_users").items():
        path = f"basic_auth_users.{name}"
        hashed = reader.text(value, path).encode()
        if not _is_bcrypt(hashed):
            # The value is not shown: it may well be the password itself.
            reader.wrong(value, path, "not a bcrypt hash; make one with htpasswd -nBC 10")
        elif (cost := int(hashed.split(b"$")[2])) > _DEAREST:
            words = f"bcrypt cost {cost} takes too long to check; at most {_DEAREST}, better 10"
            reader.wrong(value, path, words)
        users[name] = hashed
    return users


def _is_bcrypt(hashed: bytes) -> bool:
    parts = hashed.split(b"$")
    if len(parts) != 4 or parts[1] not in (b"2a", b"2b", b"2y") or len(parts[3]) != 53:
        return False
    try:
        # Cost 4 proves that the salt can be read without paying for the real cost.
        bcrypt.checkpw(b"", b"$2b$04$" + parts[3])
    except ValueError:
        return False
    return parts[2].isdigit() and 4 <= int(parts[2]) <= 31


def _headers(reader: _Reader, node: yaml.Node | None) -> dict[str, str]:
    if node is None:
        return {}
    # http2 is accepted for the sake of shared files: without HTTP/2 here it changes nothing.
    fields = reader.mapping(node, "http_server_config", ("headers", "http2"))
    if "headers" not in fields:
        return {}
    path = "http_server_config.headers"
    headers: dict[str, str] = {}
    for name, value in reader.mapping(fields["headers"], path, tuple(_HEADERS)).items():
        text = reader.text(value, f"{path}.{name}")
        allowed = _HEADERS[name]
        if allowed and text not in allowed:
            reader.wrong(value, f"{path}.{name}", f"must be {' or '.join(allowed)}")
        if "\n" in text or "\r" in text:
            reader.wrong(value, f"{path}.{name}", "must be one line")
        headers[name] = text
    return headers
