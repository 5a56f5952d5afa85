"""Which series of a metric a quantity reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from obs.alerts.conditions.scope import Labels
from obs.catalogue.query import Matcher

OTHER: Final = "other"
"""Any value that a matcher does not name."""


@dataclass(frozen=True, slots=True)
class Where:
    """A matcher of a label. `inside` is a value that it takes, `outside` one that it does not."""

    label: str
    operator: str
    value: str
    inside: str
    outside: str = OTHER

    @property
    def matcher(self) -> Matcher:
        """As PromQL has it."""
        return (self.label, self.operator, self.value)


def equals(label: str, value: str) -> Where:
    """The label has this value."""
    return Where(label, "=", value, value)


def not_equal(label: str, value: str) -> Where:
    """The label has another value."""
    return Where(label, "!=", value, OTHER, value)


def matching(label: str, pattern: str, example: str) -> Where:
    """The label matches a regular expression, as the example does."""
    return Where(label, "=~", pattern, example)


def not_matching(label: str, pattern: str, example: str) -> Where:
    """The label does not match a regular expression, which the example does."""
    return Where(label, "!~", pattern, OTHER, example)


def inside(where: Sequence[Where], labels: Labels = ()) -> Labels:
    """Labels that all of them take, and these beside, or instead of, those."""
    return tuple({**{each.label: each.inside for each in where}, **dict(labels)}.items())


def outside(where: Sequence[Where], of: Sequence[Where] = ()) -> Labels:
    """Labels that `of` take, and not these beside them."""
    kept = {each.label: each.inside for each in of}
    beside = {each.label: each.outside for each in where if each not in of}
    return tuple({**kept, **beside}.items())
