"""PromQL in a spec: enough of its form to tell a selector from an expression, without a parser."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from obs.spec.model import wrong

WINDOW: Final = "$window"
"""Stands in an expression for the range over which it counts."""

_TEXT: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*")
_MATCHERS: Final = re.compile(r"\{[^{}]*\}")
_SELECTOR: Final = re.compile(r"\s*(?:[a-zA-Z_:][a-zA-Z0-9_:]*\s*(?:\{\s*\})?|\{\s*\})\s*")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_COMPARISON: Final = re.compile(r"(?:[=!<>]=|[<>](?!=))(?!\s*bool\b)")
_RATE: Final = re.compile(r"\b(?:i?rate|irate|deriv)\s*\(")


def outline(query: str) -> str:
    """The query without its texts, comments and what stands in braces, which become `{}`."""
    return _MATCHERS.sub("{}", _TEXT.sub("", query))


def is_selector(query: str) -> bool:
    """Whether it is a plain selector of series: `http_requests_total{code="500"}`."""
    return _SELECTOR.fullmatch(outline(query)) is not None


def balanced(query: str) -> bool:
    """Whether every bracket is closed by one of its kind, and every text ends."""
    plain = _TEXT.sub("", query)
    if any(mark in plain for mark in "\"'`"):
        return False
    open_: list[str] = []
    for character in plain:
        if character in "([{":
            open_.append(character)
        elif character in _PAIRS and (not open_ or open_.pop() != _PAIRS[character]):
            return False
    return not open_


def _checked(query: str) -> str:
    if not balanced(query):
        raise wrong("a bracket or a quote is not closed")
    return query


def _counted(query: str) -> str:
    """Refuses what is neither a counter's selector nor counts the events of a window."""
    if is_selector(_checked(query)):
        return query
    if WINDOW not in outline(query):
        raise wrong(
            'write the selector of a counter, for example http_requests_total{code=~"5.."}, or an '
            "expression that counts the events of a window, for example "
            "sum(increase(http_requests_total[$window]))"
        )
    if _RATE.search(outline(query)):
        raise wrong(f"counts events a second; write increase(…[{WINDOW}]), which counts the events")
    return query


def _told(query: str) -> str:
    """Refuses a comparison that filters: then nothing tells `no` from `no data`."""
    if _COMPARISON.search(outline(_checked(query))):
        raise wrong(
            "a comparison without bool has no value where it does not hold; write bool after it, "
            "for example max(queue_length) < bool 100"
        )
    return query


_LONGEST: Final = 8_192  # characters

CountedEvents = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(_counted)]
"""PromQL for a number of events: a counter's selector, or an expression with $window."""

_SUFFIX: Final = re.compile(r"_(?:bucket|count|sum)$")


def named_series(selector: str) -> tuple[str, str]:
    """A selector's metric name, and its matchers without their braces."""
    name, _, matchers = selector.strip().partition("{")
    return name.strip(), matchers.rpartition("}")[0].strip().rstrip(",").strip()


def _histogram(query: str) -> str:
    """Refuses what is not a selector by name, or of one of the series of a classic histogram."""
    name, _ = named_series(query)
    if not is_selector(_checked(query)) or not name:
        raise wrong('write a histogram\'s selector, for example http_duration_seconds{job="shop"}')
    if _SUFFIX.search(name):
        raise wrong(f"write the histogram's own name, {_SUFFIX.sub('', name)}")
    return query


Histogram = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(_histogram)]
"""The selector of a histogram, by its name without _bucket."""

Condition = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(_told)]
"""PromQL for a state: 0 where it does not hold, another number where it does."""

Ratio = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(_checked)]
"""PromQL for a ratio between 0 and 1."""
