"""Builds PromQL from metrics.

Series from several collectors, or from one whose pod was renamed, count once: `max_by` goes
around a metric before anything is compared, added or divided.
"""

from collections.abc import Sequence
from functools import lru_cache

from obs.catalogue.metric import Metric
from obs.durations import format_whole_seconds

Matcher = tuple[str, str, str]
"""A label, an operator (=, !=, =~, !~), and a value."""


@lru_cache(1024)
def duration(seconds: float) -> str:
    """A duration as PromQL writes it: 5400 is `1h30m`. Raises ValueError below a second."""
    return format_whole_seconds(seconds)


def number(value: float) -> str:
    """A number in full, without an exponent where it is short: 1000 and not 1e+03."""
    return f"{value:.15g}"


def quoted(text: str) -> str:
    """A text in double quotes, as PromQL reads it; characters that cannot be seen are numbers."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    if not escaped.isprintable():
        escaped = "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
    return f'"{escaped}"'


def equal(labels: Sequence[tuple[str, str]]) -> tuple[Matcher, ...]:
    """Matchers for these values of labels."""
    return tuple((label, "=", value) for label, value in labels)


def selector(metric: str | Metric, where: Sequence[Matcher] = (), window: float = 0) -> str:
    """The series of a metric that match, over a window of seconds where one is given."""
    name = metric if isinstance(metric, str) else metric.name
    matchers = ",".join(f"{label}{operator}{quoted(value)}" for label, operator, value in where)
    braces = f"{{{matchers}}}" if matchers else ""
    return f"{name}{braces}[{duration(window)}]" if window else f"{name}{braces}"


def max_by(labels: Sequence[str], inner: str) -> str:
    """One value for each object that the labels identify, however many collectors export it."""
    return f"max by ({', '.join(labels)}) ({inner})"


def min_by(labels: Sequence[str], inner: str) -> str:
    """The lowest value of each object: the earliest of the moments that collectors export."""
    return f"min by ({', '.join(labels)}) ({inner})"


def one_by(metric: Metric, labels: Sequence[str], inner: str) -> str:
    """The value of the metric that stands for each object, of those that collectors export."""
    return min_by(labels, inner) if metric.lowest_counts else max_by(labels, inner)


def increase(metric: Metric, where: Sequence[Matcher], window: float) -> str:
    """How much a counter grew in the window of seconds."""
    return f"increase({selector(metric, where, window)})"


def over_time(function: str, inner: str, window: float, step: float) -> str:
    """An expression's values in the window, one every `step` seconds, through a function."""
    return f"{function}(({inner})[{duration(window)}:{duration(step)}])"


def renamed(vector: str, label: str, to: str) -> str:
    """The vector with the label's value also under another name."""
    return f'label_replace({vector}, "{to}", "$1", "{label}", "(.*)")'
