"""Time ranges, and the steps of a panel's queries in them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from obs.dashboards.interpolate import VariableScope, interval_scope, time_scope
from obs.errors import BadInput

_RELATIVE: Final = re.compile(r"now(?:([+-])(\d{1,9})([smhdwMy]))?(?:/([smhdwMy]))?")
_LEAST: Final = (1, 1, 1, 0, 0, 0)
_KEPT: Final = {"y": 1, "M": 2, "w": 3, "d": 3, "h": 4, "m": 5, "s": 6}
_SECONDS: Final = {
    "ms": 0.001,
    **{"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800},
    **{"M": 2_592_000, "y": 31_536_000},
}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])")
_MOST_POINTS: Final = 11_000  # of a series, the limit of Prometheus

# A step up to the first number is rounded to the second; both in seconds (rangeUtil of Grafana).
_ROUNDED: Final = (
    *((1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30)),
    *((90, 60), (210, 120), (450, 300), (750, 600), (1_050, 900), (1_500, 1_200)),
    *((2_700, 1_800), (5_400, 3_600), (9_000, 7_200), (16_200, 10_800), (32_400, 21_600)),
    *((86_400, 43_200), (604_800, 86_400)),
)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Start and end in seconds since the epoch, and as they were chosen (`now-6h`, `now`)."""

    start: float
    end: float
    raw: tuple[str, str]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    @property
    def scope(self) -> VariableScope:
        """The variables of the range in expressions and links."""
        return time_scope(self.start, self.end, self.raw)


def time_range(start: str, end: str, now: float) -> TimeRange:
    """The range of `now-6h`, `now`, or of milliseconds since the epoch. Raises BadInput."""
    chosen = TimeRange(moment(start, now), moment(end, now, ends=True), (start, end))
    if chosen.seconds <= 0:
        raise BadInput(f"time range {start} to {end}: it ends before it begins")
    return chosen


def moment(text: str, now: float, *, ends: bool = False) -> float:
    """Seconds since the epoch of `now-6h`, of milliseconds, or of a date. Raises BadInput.

    `now-1d/d` is the beginning of that day in UTC, or where the range `ends` there its end.
    """
    if re.fullmatch(r"\d{1,15}", text):
        return int(text) / 1000
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        return _written(text)
    sign, number, unit, whole = relative.groups()
    away = float(number) * _SECONDS[unit] if number else 0.0
    try:
        at = datetime.fromtimestamp(now - away if sign == "-" else now + away, UTC)
        return _rounded(at, whole, ends=ends).timestamp() if whole else at.timestamp()
    except (OverflowError, ValueError, OSError):
        raise _unknown(text) from None


def _written(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _unknown(text) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _unknown(text: str) -> BadInput:
    return BadInput(
        f"time {text!r}: write now, now-6h, now/d, a date or milliseconds since the epoch"
    )


def _rounded(at: datetime, unit: str, *, ends: bool) -> datetime:
    """The beginning of the minute, hour, day … that this is in, or the beginning of the next."""
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    kept = _KEPT[unit]
    year, month, day, hour, minute, second = (*parts[:kept], *_LEAST[kept:])
    begin = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if unit == "w":
        begin -= timedelta(days=begin.weekday())
    if not ends:
        return begin
    if unit == "y":
        return begin.replace(year=begin.year + 1)
    if unit == "M":
        return (begin + timedelta(days=31)).replace(day=1)
    return begin + timedelta(seconds=_SECONDS[unit])


def duration_seconds(text: str | None) -> float | None:
    """`30s`, `1m`, `>10s` in seconds; None where it is not a duration."""
    found = _DURATION.fullmatch((text or "").removeprefix(">").strip())
    return float(found[1]) * _SECONDS[found[2]] if found else None


@dataclass(frozen=True, slots=True)
class Steps:
    """Seconds between two points of a panel, and the range of its rates."""

    step: float
    rate_interval: float

    @property
    def scope(self) -> VariableScope:
        """`$__interval` and `$__rate_interval`."""
        return interval_scope(self.step, self.rate_interval)


def steps(seconds: float, points: int, minimum: float | None, scrape: float) -> Steps:
    """The steps of a range of `seconds` with at most about `points` points.

    `minimum` is the panel's or the query's own smallest step; `scrape` the data source's.
    $__rate_interval = max(step + scrape interval, 4 · scrape interval): Grafana's documentation.
    """
    floor = minimum or scrape
    step = max(rounded_step(seconds / max(points, 1)), floor)
    while seconds / step > _MOST_POINTS:
        step *= 2
    return Steps(step, max(step + floor, 4 * floor))


def rounded_step(seconds: float) -> float:
    """A round step, such as 15 s; at least one second."""
    return next((step for limit, step in _ROUNDED if seconds < limit), 604_800)


def aligned(chosen: TimeRange, step: float) -> tuple[float, float]:
    """Start and end on multiples of the step, so that a refresh moves no point."""
    return chosen.start // step * step, chosen.end // step * step
