"""Secrets: a spec says where one is kept, never what it is."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from obs.errors import BadInput

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class VariableSecret:
    """A secret in an environment variable, read when it is used."""

    variable: str

    def reveal(self, variables: Mapping[str, str] | None = None) -> str:
        """The secret. Raises BadInput where the variable is unset or empty."""
        value = (os.environ if variables is None else variables).get(self.variable)
        if not value:
            raise BadInput(f"environment variable {self.variable} is not set; it holds a secret")
        return value


@dataclass(frozen=True, slots=True)
class FileSecret:
    """A secret in a file, read when it is used, so that a rotated one is picked up."""

    file: str

    def reveal(self) -> str:
        """The secret without the newline at its end. Raises BadInput where it cannot be read."""
        try:
            value = Path(self.file).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise BadInput(f"{self.file}: cannot read this secret: {error.strerror}") from None
        except UnicodeDecodeError:
            raise BadInput(f"{self.file}: this secret is not UTF-8 text") from None
        if not value:
            raise BadInput(f"{self.file}: this secret is empty")
        return value


def _from_variable(value: object) -> VariableSecret:
    if isinstance(value, VariableSecret):
        return value
    match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:  # the value is not shown: it may be the secret itself
        raise ValueError("a secret is never written in a spec; use ${NAME}, or the _file field")
    return VariableSecret(match.group(1))


def _from_file(value: object) -> FileSecret:
    if isinstance(value, FileSecret):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("write the path of the file that holds the secret")
    return FileSecret(value)


InVariable = Annotated[
    VariableSecret,
    BeforeValidator(_from_variable),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}),
]
"""A field that names the environment variable of a secret: `${NAME}`."""

InFile = Annotated[
    FileSecret, BeforeValidator(_from_file), WithJsonSchema({"type": "string", "minLength": 1})
]
"""A field that names the file of a secret."""
