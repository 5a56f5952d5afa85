"""Notifications as Alertmanager sends them for groups of alerts, computed from when they fired.

A group waits before its first notification. After that it is looked at once an interval, and
notified if an alert was added or resolved, or if `repeat` has passed.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Final

from obs.alert_stats.history import Span

_NEVER: Final = inf


@dataclass(frozen=True, slots=True)
class Timing:
    """The settings of a group; seconds. `is_quiet`: whether a moment is in its quiet hours."""

    wait: float
    interval: float
    repeat: float
    is_quiet: Callable[[float], bool] | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification of alerts that fire, by their index.

    `is_first`: nothing of the group was notified before, or all of it had resolved since.
    """

    at: float
    alerts: frozenset[int]
    is_first: bool


def notifications(
    alerts: Sequence[Sequence[Span]], timing: Timing, until: float
) -> list[Notification]:
    """The notifications of one group up to a moment, of when each alert fires; not those that tell
    only that all is over. The spans of an alert do not overlap."""
    moments = _Moments(alerts)
    found: list[Notification] = []
    told: frozenset[int] = frozenset()
    told_at = -_NEVER
    at = moments.next_begin(-_NEVER) + timing.wait
    while at < until:
        firing = moments.firing_at(at)
        if not firing:
            told = frozenset()
            at = moments.next_begin(at) + timing.wait
            continue
        is_quiet = timing.is_quiet is not None and timing.is_quiet(at)
        if not is_quiet:
            if firing != told or at - told_at >= timing.repeat:
                found.append(Notification(at, firing, is_first=not told))
                told, told_at = firing, at
            at += _looks(at, min(moments.next_change(at), told_at + timing.repeat), timing.interval)
        else:
            at += timing.interval
    return found


def _looks(at: float, target: float, interval: float) -> float:
    """Seconds until the first look, once an interval, at which `target` has passed."""
    return max(ceil((target - at) / interval), 1) * interval if target < _NEVER else _NEVER


class _Moments:
    """Which alerts fire when."""

    def __init__(self, alerts: Sequence[Sequence[Span]]) -> None:
        self._begins = sorted(begin for spans in alerts for begin, _ in spans)
        changes: dict[float, tuple[set[int], set[int]]] = {}
        for index, spans in enumerate(alerts):
            for begin, end in spans:
                changes.setdefault(begin, (set(), set()))[0].add(index)
                changes.setdefault(end, (set(), set()))[1].add(index)
        self._times = sorted(changes)
        self._changes = [changes[at] for at in self._times]
        self._place = 0
        self._firing: set[int] = set()

    def firing_at(self, at: float) -> frozenset[int]:
        """Those that fire at a moment, which is never before that of the last call."""
        while self._place < len(self._times) and self._times[self._place] <= at:
            begun, ended = self._changes[self._place]
            self._firing = (self._firing - ended) | begun
            self._place += 1
        return frozenset(self._firing)

    def next_begin(self, after: float) -> float:
        """When the next alert begins to fire; infinity where none does."""
        place = bisect_right(self._begins, after)
        return self._begins[place] if place < len(self._begins) else _NEVER

    def next_change(self, after: float) -> float:
        """When the next alert begins or ceases to fire."""
        place = bisect_right(self._times, after)
        return self._times[place] if place < len(self._times) else _NEVER
