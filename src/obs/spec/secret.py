"""Secrets: a spec says where a secret is stored, never its value."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from obs.errors import BadInput
from obs.files import UnreadableFile, read_file, unusable
from obs.redaction.address import remember_mistaken_path
from obs.redaction.known import KNOWN

_LONGEST_PATH: Final = 4_096  # characters
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class VariableSecret:
    """A secret in an environment variable, read when it is used."""

    variable: str

    def reveal(self, variables: Mapping[str, str] | None = None) -> str:
        """The secret. Raises BadInput if the variable is unset or empty."""
        value = (os.environ if variables is None else variables).get(self.variable)
        if not value:
            raise BadInput(
                f"environment variable {self.variable} is not set; it must contain a secret"
            )
        KNOWN.add(value)
        return value


@dataclass(frozen=True, slots=True)
class FileSecret:
    """A secret in a file, read when it is used, so that rotation needs no restart."""

    file: str

    def reveal(self) -> str:
        """The secret without trailing newlines. Raises BadInput if it cannot be read."""
        try:
            value = read_file(Path(self.file)).decode("utf-8").rstrip("\r\n")
        except UnreadableFile as error:
            why = str(error).replace("cannot be read", "cannot read the secret", 1)
            raise BadInput(f"{self.file}: {why}") from None
        except UnicodeDecodeError:
            raise BadInput(f"{self.file}: the secret is not UTF-8 text") from None
        if not value:
            raise BadInput(f"{self.file}: the secret is empty")
        KNOWN.add(value)
        return value


def _from_variable(value: object) -> VariableSecret:
    if isinstance(value, VariableSecret):
        return value
    match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:  # the value is not shown: it may be the secret itself
        raise ValueError("do not write a secret in a spec; write ${NAME}, or use the _file field")
    return VariableSecret(match.group(1))


def _from_file(value: object) -> FileSecret:
    if isinstance(value, FileSecret):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("write the path of the file that contains the secret")
    remember_mistaken_path(value)
    if len(value) > _LONGEST_PATH:
        raise ValueError("this path is too long")
    if why := unusable(Path(value)):
        raise ValueError(f"{value} {why}")
    return FileSecret(value)


InVariable = Annotated[
    VariableSecret,
    BeforeValidator(_from_variable),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}),
]
"""A secret in an environment variable, written as `${NAME}`."""

InFile = Annotated[
    FileSecret, BeforeValidator(_from_file), WithJsonSchema({"type": "string", "minLength": 1})
]
"""A secret in a file, written as its path."""
