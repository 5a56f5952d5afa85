"""Incidents: spans in which the error budget was spent faster than it lasts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from obs.slo.burn import burn_rate, error_budget
from obs.slo.history import STEP, History
from obs.slo.tiers import MIN_BAD_EVENTS
from obs.slo.windows import HOUR

WINDOW: Final = HOUR
"""The burn rate is that of the hour before: shorter ones call a single error an incident."""
_STEPS: Final = WINDOW // STEP


@dataclass(frozen=True, slots=True)
class Incident:
    """From `start` to `end` (Unix seconds, whole steps) the burn rate was above 1.

    `worst_burn` is the highest of an hour, `bad` the number of bad events. `ongoing`: it has not
    ended at the end of what is known, where the last step may have just begun.
    """

    start: int
    end: int
    worst_burn: float
    bad: float
    ongoing: bool = False


def incidents(history: History, objective: float) -> tuple[Incident, ...]:
    """All incidents, oldest first; they do not overlap. `objective` is a ratio.

    One begins and ends with a step that spent more than its share, so that an hour's memory does
    not make it longer; those less than an hour apart are one. Where events count, it takes two bad
    ones.
    """
    found: list[Incident] = []
    last = len(history.total) - 1
    for first, end, worst in _joined(history, objective):
        bad = sum(history.bad[first : end + 1])
        if history.minutes or bad >= MIN_BAD_EVENTS:
            begin, until = history.begin_of(first), history.begin_of(end) + STEP
            found.append(Incident(begin, until, worst, bad, ongoing=last - end <= 1))
    return tuple(found)


def within(incident: Incident, history: History, start: int, end: int) -> Incident | None:
    """The part of an incident between two moments (Unix seconds); None where there is none."""
    begin, until = max(incident.start, start), min(incident.end, end)
    if begin >= until:
        return None
    steps = history.between(begin, until)
    bad = sum(history.bad[steps.start : steps.stop])
    ongoing = incident.ongoing and until == incident.end
    return Incident(begin, until, incident.worst_burn, bad, ongoing)


def _joined(history: History, objective: float) -> Iterator[tuple[int, int, float]]:
    """(first step, last step, worst burn rate), oldest first."""
    share = error_budget(objective)
    weights = history.weights()
    hot = [bad > share * weight for bad, weight in zip(history.bad, weights, strict=True)]
    span: tuple[int, int, float] | None = None
    for step, rate in _burning(history, objective, weights):
        own = [each for each in range(max(step - _STEPS + 1, 0), step + 1) if hot[each]]
        if not own:  # but for rounding, an hour above 1 has a part above it
            continue
        if span is not None and own[0] - span[1] <= _STEPS:
            span = span[0], max(span[1], own[-1]), max(span[2], rate)
            continue
        if span is not None:
            yield span
        span = own[0], own[-1], rate
    if span is not None:
        yield span


def _burning(
    history: History, objective: float, weights: Sequence[float]
) -> Iterator[tuple[int, float]]:
    """Each step at whose end the burn rate of the hour before is above 1."""
    recent = -_STEPS  # the last step with bad events: others are not worth the sums
    for step, bad in enumerate(history.bad):
        recent = step if bad else recent
        if step - recent >= _STEPS:
            continue
        first = max(step - _STEPS + 1, 0)
        events = sum(weights[first : step + 1])
        rate = burn_rate(sum(history.bad[first : step + 1]) / events, objective)
        if rate > 1:
            yield step, rate
