"""What a receiver of pushes says: text to be quoted, and pauses that it asks for. No I/O."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote

from obs.errors import Reason

_SECONDS: Final = re.compile(r"[0-9]+")
LONGEST: Final = 200
"""Characters of a receiver's text that are quoted."""
_READ: Final = 50 * LONGEST  # characters that are looked at
FOREVER: Final = 1e9
"""Seconds; more is told as this."""
STATUS_REASONS: Final[Mapping[int, Reason]] = {
    401: "auth",
    403: "auth",
    408: "timeout",
    413: "too_large",
    429: "throttled",
    504: "timeout",
}
"""Why a push was refused, by HTTP status; others are http_status."""
_SHORTEST_SECRET: Final = 4  # characters
_SCHEMES: Final = ("basic", "bearer", "apikey", "token")
_PUBLIC: Final = ("x-scope-orgid",)  # a tenant: receivers name it in every message


def quoted(text: str, headers: Mapping[str, str]) -> str:
    """A receiver's text as one line of at most LONGEST characters, fit for a log and a terminal.

    Left out where it repeats one of the `headers` that it was sent, which may be credentials.
    """
    line = " ".join(text[:_READ].split())
    plain = "".join(each for each in unquote(line) if not each.isspace())
    secrets = (value for name, value in headers.items() if name not in _PUBLIC)
    if any(form in plain for value in secrets for form in _forms(value)):
        return "its text repeats a header of the request and is left out"
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _forms(value: str) -> Iterable[str]:
    """The words of a header's value, and what they are in base64 or say in it; without spaces."""
    for word in value.split():
        if len(word) < _SHORTEST_SECRET or word.lower() in _SCHEMES:
            continue
        yield word
        yield base64.b64encode(word.encode()).decode().rstrip("=")
        try:
            decoded = base64.b64decode(word, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        parts = ("".join(each.split()) for each in decoded.split(":"))
        yield from (each for each in parts if len(each) >= _SHORTEST_SECRET)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds of a Retry-After header, which is a number or an HTTP date; `now` in Unix seconds.

    None where there is none, or what it says is neither.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text[:20]), FOREVER)
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return min(max(when.timestamp() - now, 0.0), FOREVER)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
