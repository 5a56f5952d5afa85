"""What every model of the spec has in common: unknown fields are errors, values do not change."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Model(BaseModel):
    """A mapping in a spec file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


def wrong(message: str, field: str = "") -> PydanticCustomError:
    """What a validator raises: a sentence for the user, about a field of the model it judges."""
    return PydanticCustomError("spec", "{message}", {"message": message, "field": field})


@dataclass(frozen=True, slots=True)
class Matching:
    """A text's form, as a pattern for machines and in words for people."""

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
        """The text itself. Raises a sentence where it has another form."""
        if not re.search(self.pattern, text) or text.endswith("\n"):
            raise wrong(f"{text!r} does not fit; write {self.words}")
        return text


@dataclass(frozen=True, slots=True)
class Address:
    """A URL of one of some schemes, with a host, and without a user or password in it."""

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
        """The URL itself. Raises a sentence where it is none of ours; never shows a password."""
        if "@" in url:
            raise wrong(
                f"an address carries no user and no password; write for example {self.example}"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong(f"{url!r} is not an address; write for example {self.example}") from None
        if parts.scheme not in self.schemes or not host or port == 0 or re.search(r"\s", url):
            starts = " or ".join(f"{scheme}://" for scheme in self.schemes)
            raise wrong(f"{url!r} is not a {starts} address; write for example {self.example}")
        return url


NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"

Name = Annotated[
    str,
    Field(max_length=64),
    Matching(NAME_PATTERN, "letters, digits, _ . and -, beginning with a letter or digit"),
]
"""A name that becomes a label value, a file name and a URL part."""

Glob = Annotated[str, Field(min_length=1, max_length=256, examples=["orders-*"])]
"""A shell-style pattern: `*`, `?` and `[…]`."""

AssetName = Annotated[
    str,
    Field(min_length=1, max_length=255),
    Matching(r"^[^\s.*>/\\]+$", "the name of one stream or consumer: no wildcard, dot or space"),
]
"""The name of a JetStream stream or consumer."""

HttpUrl = Annotated[str, Address(("http", "https"), "http://host:8222")]
"""An http:// or https:// address."""

NatsUrl = Annotated[str, Address(("nats", "tls"), "nats://host:4222")]
"""A nats:// or tls:// address."""
