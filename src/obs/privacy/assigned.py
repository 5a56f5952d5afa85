"""Values in a text whose name tells what they are: `password=…`, `"api_key": "…"`."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from obs.privacy.detectors import Piece
from obs.privacy.formats import is_placeholder

_SECRET: Final = frozenset(("password", "key", "secret", "token"))
"""Kinds whose value is looked for without quotes, too: it is one word."""
_ASSIGNED: Final = re.compile(
    r"(?<![\w-])(?P<name>[A-Za-z_][\w-]{1,63})(?:"
    r"\\{0,3}[\"']\s{0,3}[:=]\s{0,3}\\{0,3}(?P<quote>[\"'])(?P<quoted>[^\"'\\\r\n]{1,4096})"
    r"|\s?[:=]\s?\\{0,3}[\"'](?P<named>[^\"'\\\r\n]{1,4096})\\{0,3}[\"']"
    r"|=(?P<bare>[^\s\"'<>&,;\\(){}]{1,4096}))"
)
"""A quoted value ends where a quote or an escape begins: inside text of JSON there may be more."""


def assigned(text: str, kind_of: Callable[[str], str | None]) -> Iterator[Piece]:
    """The values of telltale names in a text; `kind_of` says what a name suggests."""
    if "=" not in text and ":" not in text:
        return
    for match in _ASSIGNED.finditer(text):
        kind = kind_of(match.group("name"))
        if kind is None:
            continue
        group = next(name for name in ("quoted", "named", "bare") if match.group(name))
        if group == "bare" and kind not in _SECRET:
            continue
        if not is_placeholder(match.group(group)):
            yield Piece(*match.span(group), kind)
