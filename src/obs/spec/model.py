"""The base of all spec models (immutable, unknown fields are errors) and common field types."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from obs.files import unusable
from obs.redaction.address import remember_address

_LONGEST: Final = {"str": 4_096, "tuple": 10_000, "dict": 10_000}
"""What a text, list or mapping holds at most whose field says nothing else."""


def _bound(schema: Any, *, own: bool = False) -> None:
    """Bound every text, list and mapping of a model's schema; models within bound their own."""
    if isinstance(schema, list | tuple):
        for each in schema:
            _bound(each)
        return
    if not isinstance(schema, dict) or (schema.get("type") == "model" and not own):
        return
    if schema.get("type") in _LONGEST and "max_length" not in schema:
        schema["max_length"] = _LONGEST[schema["type"]]
    wraps = own and schema.get("type") != "model"  # the validators of the whole model
    for key, each in schema.items():
        if isinstance(each, dict | list | tuple) and key not in ("metadata", "serialization"):
            _bound(each, own=wraps and key == "schema")


class Model(BaseModel):
    """A mapping in a spec file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
        defer_build=True,  # with the model around it, once, and only if something is validated
    )

    @classmethod
    def default(cls, **fields: Any) -> Self:
        """The default of a field: as the model itself, but not validated, which would build it."""
        return cast("Self", cls.model_construct(**fields))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _bound(schema, own=True)
        return schema


def wrong(message: str, field: str | tuple[str, ...] = "") -> PydanticCustomError:
    """The error for a validator to raise: a message for the user, about a field of its model, or
    about one at a path from there."""
    return PydanticCustomError("spec", "{message}", {"message": message, "field": field})


@dataclass(frozen=True, slots=True)
class Matching:
    """The format of a string, as a regular expression and in words."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def check(self, text: str) -> str:
        """The text. Raises an error from `wrong` if it has another format."""
        if not re.search(self.pattern, text) or text.endswith("\n"):
            shown = repr(text) if len(text) <= 80 else f"{text[:60]!r}…"
            raise wrong(f"{shown} does not fit; write {self.words}")
        return text


@dataclass(frozen=True, slots=True)
class Address:
    """A URL with one of the schemes, a host, and no user or password."""

    schemes: tuple[str, ...]
    example: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        pattern = f"^({'|'.join(self.schemes)})://[^\\s@]+$"
        return {**handler(schema), "pattern": pattern, "examples": [self.example]}

    def check(self, url: str) -> str:
        """The URL. Raises an error from `wrong` otherwise, which never shows a password.

        What is secret about it, a token in its path for example, is redacted from now on.
        """
        remember_address(url)
        if "@" in url:
            raise wrong(
                f"a URL must not contain a user or password; write for example {self.example}"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong(f"{url!r} is not a URL; write for example {self.example}") from None
        if parts.scheme not in self.schemes or not host or port == 0 or re.search(r"\s", url):
            starts = " or ".join(f"{scheme}://" for scheme in self.schemes)
            raise wrong(f"{url!r} is not a {starts} URL; write for example {self.example}")
        return url


LONGEST_NAME: Final = 64  # characters
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"

Name = Annotated[
    str,
    Field(max_length=LONGEST_NAME),
    Matching(NAME_PATTERN, "letters, digits, _ . and -, starting with a letter or digit"),
]
"""A name that becomes a label value, a file name and a URL part."""

Glob = Annotated[str, Field(min_length=1, max_length=256, examples=["orders-*"])]
"""A shell-style pattern: `*`, `?` and `[…]`; `[*]`, `[?]` and `[[]` are these characters."""

AssetName = Annotated[
    str,
    Field(min_length=1, max_length=255),
    Matching(r"^[^\s.*>/\\]+$", "the name of one stream or consumer: no wildcard, dot or space"),
]
"""The name of a JetStream stream or consumer."""

ONE_ASSET: Final = "the name of one stream or consumer: no wildcard, dot or space"

AssetGlob = Annotated[
    str,
    Field(min_length=1, max_length=255),
    Matching(r"^[^\s.>/\\]+$", ONE_ASSET),
]
"""The name of a JetStream stream or consumer, or a glob where its field allows one."""


def check_local_file(path: str) -> str:
    """The path. Raises an error from `wrong` where a pipe, a device, a directory or a file of
    many megabytes is there; one that is missing may come later.
    """
    if why := unusable(Path(path)):
        raise wrong(f"{path} {why}")
    return path


LocalFile = Annotated[str, AfterValidator(check_local_file)]
"""The path of a file with certificates, credentials or settings, read on this machine."""

HttpUrl = Annotated[str, Address(("http", "https"), "http://host:8222")]
"""An http:// or https:// URL."""

NatsUrl = Annotated[str, Address(("nats", "tls"), "nats://host:4222")]
"""A nats:// or tls:// URL."""
