"""What is shown of a letter: without secrets and personal data, on as many lines as it needs."""

import json
from functools import lru_cache
from typing import Final

from obs.dead_letters.letter import DeadLetter
from obs.privacy import masked
from obs.redaction.text import one_line, redacted

_LONGEST_VALUE: Final = 200  # characters of a header


def payload(letter: DeadLetter, most: int) -> str:
    """The beginning of what a letter says, masked; `…` at its end where that is not all.

    What is not text is told by its size alone.
    """
    data = letter.content.payload if letter.content else b""
    try:
        data.decode()
    except UnicodeDecodeError:
        return f"({len(data)} bytes that are not text)"
    return redacted(masked(data, longest=most))


def headers(letter: DeadLetter) -> list[tuple[str, str]]:
    """The headers, each value masked, by its name too, and on one line."""
    pairs = letter.content.headers if letter.content else ()
    return [(line(name), _value(name, value)) for name, value in pairs]


@lru_cache(4_096)
def line(text: str, most: int = _LONGEST_VALUE) -> str:
    """Another system's text on one line, masked."""
    return one_line(masked(text), most)


def _value(name: str, value: str) -> str:
    document = masked(json.dumps({name: value}))
    try:
        (shown,) = json.loads(document).values()
    except ValueError:  # too long to be shown in full
        shown = masked(value)
    # With its name: what follows that of a login is secret whatever it looks like.
    whole = one_line(f"{name}: {shown}", _LONGEST_VALUE)
    return whole.partition(": ")[2]
