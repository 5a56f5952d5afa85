"""Regular expressions as dashboards have them, in JavaScript's grammar, for Python's."""

import re
from functools import lru_cache
from typing import Final

from obs.dashboard_preview.regex import Regex, unknown

_LONGEST: Final = 1_000  # characters of an expression
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_WITH_SLASHES: Final = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_DIFFERENT: Final = re.compile(
    r"\\u\{(?P<point>[0-9a-fA-F]{1,6})\}|\\c(?P<control>[A-Za-z])|\\k<(?P<again>\w+)>"
    r"|\\(?P<plain>[^\w\s]|[CEFGHIJKLMNOQRTUVXYZaceghijlmoqyz_])"
    r"|(?P<escaped>\\.)"
    r"|(?P<nothing>\[\])|(?P<anything>\[\^\])|\(\?<(?P<name>[A-Za-z_]\w*)>"
    r"|(?P<inside>\[(?:[^\]\\]|\\.)+\])",
    re.DOTALL,
)


def pattern_of(text: str) -> Regex:
    """The pattern: with or without slashes around it, and flags. Raises UnknownRegex."""
    if len(text) > _LONGEST:
        raise unknown(text, f"is longer than {_LONGEST} characters")
    return _pattern(text)


@lru_cache(1024)
def _pattern(text: str) -> Regex:
    found = _WITH_SLASHES.fullmatch(text)
    body, letters = (found[1], found[2]) if found else (text, "")
    flags = re.NOFLAG
    for letter in letters:
        flags |= _FLAGS.get(letter, re.NOFLAG)
    regex = Regex(_in_python(body), flags.value, text)
    regex.check()
    return regex


def _in_python(body: str) -> str:
    return _DIFFERENT.sub(_converted, body)


def _converted(found: re.Match[str]) -> str:
    if found["point"]:
        return re.escape(chr(min(int(found["point"], 16), 0x10FFFF)))
    if found["control"]:
        return re.escape(chr(ord(found["control"].upper()) % 32))
    if found["again"]:
        return f"(?P={found['again']})"
    if found["plain"]:
        return re.escape(found["plain"])
    if found["nothing"]:
        return "(?!)"
    if found["anything"]:
        return r"[\s\S]"
    if found["name"]:
        return f"(?P<{found['name']}>"
    if found["inside"]:  # a set of characters: [ is one of them, and [^ begins its complement
        inner = found["inside"][1:-1]
        head, rest = ("^", inner[1:]) if inner.startswith("^") else ("", inner)
        return f"[{head}{_in_set(rest)}]"
    return found[0]


def _in_set(inner: str) -> str:
    def converted(found: re.Match[str]) -> str:
        if found[0] == "[":
            return r"\["
        escaped = found[0][1]
        return found[0] if escaped in "bdDfnrsStuvwWx0123456789" else re.escape(escaped)

    doubled = re.sub(r"([-&~|])\1", lambda found: "\\" + found[1] + "\\" + found[1], inner)
    return re.sub(r"\\.|\[", converted, doubled, flags=re.DOTALL)
