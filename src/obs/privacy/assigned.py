"""Values in a text whose name tells what they are: `password=…`, `"api_key": "…"`."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from obs.privacy.detectors import Piece
from obs.privacy.formats import is_placeholder

_SECRET: Final = frozenset(("password", "key", "secret", "token"))
"""Kinds whose value is looked for without quotes, too: it is one word."""
_LOOK: Final = 64  # characters before a name
_INDENT: Final = re.compile(r"(?:^|[\r\n])[ \t]*(?:- )?$")
_NAMED: Final = re.compile(
    r"(?P<name>[A-Za-z_](?<![\w-].)(?=(?P<rest>[\w-]{1,63}))(?P=rest))"  # never a shorter one
    r"(?:\\{0,3}[\"']\s{0,3}[:=]\s{0,3}|\s?[:=]\s?)"
)
_VALUE: Final = re.compile(
    r"\\{1,3}[\"'](?P<inner>[^\"'\\\r\n]{1,4096})"  # JSON inside a text of JSON
    r"|\"(?P<double>(?:[^\"\\\r\n]|\\.){1,4096})"
    r"|'(?P<single>(?:[^'\\\r\n]|\\.){1,4096})"
    r"|(?<==)(?!\$\{|\{\{|\$\()(?P<bare>[^\s\"'<>&,;\\(){}]{1,4096})"
    r"|(?<=:[ ])(?P<line>[^\s\"'{}\[\]]{4,4096})(?=[ \t]{0,9}(?:[\r\n]|\Z))"
)


def assigned(text: str, kind_of: Callable[[str], str | None]) -> Iterator[Piece]:
    """The values of telltale names in a text; `kind_of` says what a name suggests.

    In quotes, after `=`, and in a line of YAML that holds nothing else.
    """
    if "=" not in text and ":" not in text:
        return
    done = 0
    for named in _NAMED.finditer(text):
        kind = kind_of(named.group("name")) if named.start() >= done else None
        value = _VALUE.match(text, named.end()) if kind else None
        if kind is None or value is None:
            continue
        done = value.end()
        if _is_meant(kind, value, named):
            yield Piece(*value.span(value.lastgroup or 0), kind)


def _is_meant(kind: str, value: re.Match[str], named: re.Match[str]) -> bool:
    group = value.lastgroup or ""
    if group in ("bare", "line") and kind not in _SECRET:
        return False
    if group == "line" and not _INDENT.search(
        named.string[max(named.start() - _LOOK, 0) : named.start()]
    ):
        return False
    return not is_placeholder(value.group(group))
