"""Values as a spec file has them: plain where YAML reads them back as they are, else quoted."""

import re
from collections.abc import Mapping
from typing import Final

from obs.first_spec.draft import Value

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(?:://[A-Za-z0-9_.:/-]*[A-Za-z0-9_/-])?")
_DURATION: Final = re.compile(r"(?:[0-9]+(?:ms|d|h|m|s))+")
_WORDS: Final = {"y", "n", "yes", "no", "true", "false", "on", "off", "null", "none"}


def flow(value: Value) -> str:
    """The value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.10g}"
    return _text(value)


def comment(text: str) -> str:
    """A text of others as a comment: on one line, without what YAML does not take; its indent
    stays."""
    indent = len(text) - len(text.lstrip(" "))
    line = " " * indent + " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in line)


def _text(text: str) -> str:
    if text.lower() not in _WORDS and (_PLAIN.fullmatch(text) or _DURATION.fullmatch(text)):
        return text
    return f'"{"".join(map(_escaped, text.replace("${", "$${")))}"'  # not a variable of the spec


def _escaped(char: str) -> str:
    """A character of a text in double quotes. Not as in JSON, where it may be two halves."""
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
