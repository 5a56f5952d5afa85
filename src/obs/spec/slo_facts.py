"""What an SLO says about itself beside its objective: whose it is, its tiers, its time slices."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from obs.spec.alerts import LabelName
from obs.spec.model import HttpUrl, Matching, Model, wrong
from obs.spec.quantity import Duration, NotBoolean, format_duration, within

MINUTE: Final = 60
MOST_TIERS: Final = 8

LabelValue = Annotated[
    str, Field(min_length=1, max_length=256), Matching(r"^[^\x00-\x1f\x7f]+$", "one line of text")
]
"""The value of a label, in one line."""
Person = Annotated[
    str, Field(min_length=1, max_length=128), Matching(r"^[^\x00-\x1f\x7f]+$", "one line of text")
]
"""A person, team or address, in one line."""


def _share(written: object) -> object:
    """The ratio of a percentage such as `2%`; what is not one is left to the type to refuse."""
    if isinstance(written, str) and written.strip().endswith("%"):
        try:
            return float(written.strip()[:-1]) / 100
        except ValueError:
            pass
    elif isinstance(written, int | float) and not isinstance(written, bool):
        raise ValueError(f"{str(written)[:20]} has no unit; write for example 2%")
    raise ValueError(f"{str(written)[:60]!r} is no percentage; write for example 2%")


Percentage = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%$", "examples": ["2%"]}),
]
"""A share, written in percent with its sign, kept as a ratio."""


class Slices(Model):
    """Time slices: the SLO counts minutes, and a slice's minutes are good where enough of its
    events were. One without events has no minutes."""

    length: Annotated[Duration, within("1m", "15m")] = Field(default=60.0, alias="of")
    """Length of a slice: 1m, 5m or 15m."""
    good_above: Percentage
    """Share of events that must be good, in percent, for example 99%; the share itself counts as
    enough."""

    @model_validator(mode="after")
    def _can_be_met(self) -> "Slices":
        if self.length not in (60, 300, 900):
            raise wrong(f"{format_duration(self.length)} does not fit; write 1m, 5m or 15m", "of")
        if not 0 < self.good_above <= 1:
            shown = f"{100 * self.good_above:g}%"
            raise wrong(f"{shown} is out of range; write more than 0% and at most 100%")
        return self


class OwnTier(Model):
    """A burn-rate alert: it fires while both windows burn faster than a factor."""

    severity: Literal["page", "ticket"]
    """page is critical, ticket is a warning."""
    long: Annotated[Duration, within("10m", "30d")]
    """The long window: whole minutes, multiples of 5m, not longer than the SLO's."""
    short: Annotated[Duration, within("5m", "3d")]
    """The short window, which ends the alert: multiples of 5m, shorter than the long one."""
    factor: Annotated[float, Field(gt=0, le=10_000), NotBoolean] | None = None
    """Burn rate above which it fires."""
    budget: Percentage | None = None
    """Share of the SLO's budget that the long window may spend, for example 2%, instead of
    `factor`."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> "OwnTier":
        if (self.factor is None) == (self.budget is None):
            raise wrong("needs factor or budget, and not both")
        if self.budget is not None and not 0 < self.budget <= 1:
            shown = f"{100 * self.budget:g}%"
            raise wrong(f"{shown} is out of range; write more than 0% and at most 100%", "budget")
        for field, seconds in (("long", self.long), ("short", self.short)):
            if seconds % (5 * MINUTE):
                shown = format_duration(seconds)
                raise wrong(f"{shown} does not fit; write a multiple of 5m", field)
        if self.short >= self.long:
            long = format_duration(self.long)
            raise wrong(f"must be shorter than long, which is {long}", "short")
        return self


Tiers = Annotated[tuple[OwnTier, ...], Field(min_length=1, max_length=MOST_TIERS)]
"""Burn-rate alerts of one's own, instead of the usual four."""


def same_place_twice(tiers: tuple[OwnTier, ...]) -> int | None:
    """Index of a tier whose severity and long window an earlier one has; None where each differs.

    The label `tier` is the long window: two alerts of one severity must not share it.
    """
    seen: set[tuple[str, float]] = set()
    for index, tier in enumerate(tiers):
        if (tier.severity, tier.long) in seen:
            return index
        seen.add((tier.severity, tier.long))
    return None


Link = Annotated[dict[LabelName, HttpUrl], Field(max_length=10)]
"""Pages by name."""
