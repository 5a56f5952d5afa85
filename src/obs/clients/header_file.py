"""Headers that a file holds, because some are secret."""

from pathlib import Path

from obs import files
from obs.errors import SourceError
from obs.redaction.header import remember_header


def read_headers(path: str | None) -> dict[str, str]:
    """Headers of a file of `name: value` lines; names in lower case, `#` starts a comment line.

    Raises SourceError(auth) where the file cannot be read or a line is not of that form; the
    message never quotes the line, which may hold a secret.
    """
    if path is None:
        return {}
    try:
        lines = read_file(path).decode().splitlines()
    except UnicodeDecodeError:
        raise SourceError("auth", f"{path}: cannot be read: not UTF-8") from None
    headers: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not (name + value).isascii():
            raise SourceError("auth", f"{path}:{number}: not a header; write `name: value`")
        headers[name.strip().lower()] = value.strip()
    for name, value in headers.items():
        remember_header(name, value)
    return headers


def read_file(path: str) -> bytes:
    """Content of a file that the spec names. Raises SourceError(auth) where it cannot be read."""
    try:
        return files.read_file(Path(path))
    except files.UnreadableFile as error:
        raise SourceError("auth", f"{path}: {error}") from None
