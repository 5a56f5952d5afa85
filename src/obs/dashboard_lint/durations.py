"""Arithmetic on durations between the brackets of PromQL, as in `rate(x[$__rate_interval + 1m])`.

Prometheus has it since 3.4; the parser that the lint uses has not. Each such expression is replaced
by its value, so that the parser can read the rest.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from obs.dashboards.interpolate import duration

_PIECE: Final = re.compile(
    r"(?P<kept>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*)"
    r"|\[(?P<range>[^\[\]\"'`]*)\]"
    r"|(?P<offset>\boffset\s+[-+]?)\((?P<shift>(?:[^()\"'`]|\([^()]*\))*)\)"
    r"|(?<![\w:.])(?P<number>\d+(?:_\d+)+)(?![\w.])",
    re.DOTALL,
)
_SIMPLE: Final = re.compile(r"\s*(?:(?:\d+(?:ms|[smhdwy]))+|\d+(?:\.\d+)?(?:[eE]\d+)?)?\s*")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<duration>(?:\d+(?:ms|[smhdwy]))+)(?![\w.])"
    r"|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)(?![\w.])"
    r"|(?P<name>[a-z_]+)(?=\s*\()"
    r"|(?P<sign>[-+*/%^(),]))"
)
_PART: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS: Final = {
    **{"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0},
    **{"d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0},
}
_POWER: Final = 3  # binds to the right
_OPERATIONS: Final[Mapping[str, tuple[int, Callable[[float, float], float]]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "/": (2, operator.truediv),
    "%": (2, operator.mod),
    "^": (_POWER, pow),
}
_LARGEST: Final = 3e9  # seconds, some 100 years


class _OddError(ValueError):
    """It is no arithmetic on durations."""


def with_values(query: str, step: float, span: float, telling: tuple[float, ...]) -> str:
    """The query with the value of each expression of durations in its place.

    `step` and `span` are the seconds of step() and range(). An expression with one of `telling`,
    seconds that stand for a variable, gets the first of those that is in it: what matters is on
    which variable it depends. What is no such expression stays for the parser to refuse.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found[0]
        if found["number"] is not None:
            return found["number"].replace("_", "")
        if found["shift"] is not None:
            return found["offset"] + _value(found["shift"], step, span, telling)
        parts = found["range"].split(":")
        return "[" + ":".join(_value(part, step, span, telling) for part in parts) + "]"

    return _PIECE.sub(replaced, query)


def _value(text: str, step: float, span: float, telling: tuple[float, ...]) -> str:
    if _SIMPLE.fullmatch(text):
        return "0s" if text.strip() == "0" else text
    try:
        reader = _Reader(text, {"step": step, "range": span})
        seconds = reader.whole()
        seconds = next((each for each in telling if each in reader.read), seconds)
        return duration(seconds) if 0 < seconds < _LARGEST else "0s"
    except (ArithmeticError, RecursionError, TypeError, _OddError):
        return text


class _Reader:
    """Reads an expression by descent; `read` are the seconds of all durations in it."""

    def __init__(self, text: str, constants: Mapping[str, float]) -> None:
        self._tokens = list(_tokens(text))
        self._constants = constants
        self.read: list[float] = []

    def whole(self) -> float:
        value = self._sum(0)
        if self._tokens:
            raise _OddError
        return value

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise _OddError
        return self._tokens.pop(0)

    def _take(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise _OddError

    def _sum(self, least: int) -> float:
        value = self._one()
        while self._tokens and self._tokens[0][1] in _OPERATIONS:
            rank, operation = _OPERATIONS[self._tokens[0][1]]
            if rank <= least:
                break
            self._tokens.pop(0)
            value = operation(value, self._sum(rank - 1 if rank == _POWER else rank))
        return value

    def _one(self) -> float:
        kind, text = self._next()
        if kind in ("duration", "number"):
            value = _seconds(text) if kind == "duration" else float(text)
            self.read.append(value)
            return value
        if kind == "name":
            return self._called(text)
        if text in ("-", "+"):
            value = self._sum(2)
            return -value if text == "-" else value
        if text != "(":
            raise _OddError
        value = self._sum(0)
        self._take(")")
        return value

    def _called(self, name: str) -> float:
        self._take("(")
        if name in self._constants:
            self._take(")")
            self.read.append(self._constants[name])
            return self._constants[name]
        if name not in ("min_of", "max_of"):
            raise _OddError
        first = self._sum(0)
        self._take(",")
        second = self._sum(0)
        self._take(")")
        return min(first, second) if name == "min_of" else max(first, second)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _OddError
        at = found.end()
        yield str(found.lastgroup), found[0].strip()


def _seconds(text: str) -> float:
    return sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
