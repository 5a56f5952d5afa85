"""Headers that go with every request, for gateways that ask for their own."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from obs.spec.model import LocalFile, Matching, Model, wrong
from obs.spec.secret import InVariable

_OURS: Final = frozenset(
    (
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "host"),
        *("transfer-encoding", "user-agent"),
    )
)
_MOST: Final = 32


def _free(name: str) -> str:
    if name.lower() in _OURS:
        raise wrong(f"obs sets the header {name} itself")
    return name


HeaderName = Annotated[
    str,
    Matching(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$", "a header's name, for example X-Api-Key"),
    AfterValidator(_free),
]
_Value = Annotated[str, Matching(r"^[\x21-\x7e]([\x20-\x7e]*)$", "one line of ASCII")]


class Headers(Model):
    """More headers than obs sends itself."""

    headers: Annotated[dict[HeaderName, _Value], Field(max_length=_MOST)] = {}
    """Headers by name, whose values are no secret."""
    secret_headers: Annotated[dict[HeaderName, InVariable], Field(max_length=_MOST)] = {}
    """Headers by name, whose values are secret, only as ${VARIABLE}."""
    headers_file: LocalFile | None = None
    """File of `name: value` lines, for headers with secret values."""

    @property
    def has_secret_headers(self) -> bool:
        """Whether a header is sent that must not be read on the way."""
        return bool(self.secret_headers or self.headers_file)

    @model_validator(mode="after")
    def _each_once(self) -> "Headers":
        plain = {name.lower(): name for name in self.headers}
        if "authorization" in plain:
            raise wrong("this value would be in the spec; use token, or secret_headers", "headers")
        for name in self.secret_headers:
            if name.lower() in plain:
                raise wrong(f"{name} is in headers as well; keep one of them", "secret_headers")
        return self
