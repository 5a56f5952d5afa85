"""Charts as inline SVG. Their texts are HTML beside them, so that they do not shrink with them."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from obs.slo.accounts import DayAccount, PeriodAccount
from obs.slo_report import words

_HIGH: Final = 100.0  # units of a drawing; one unit across is a day
_GAP: Final = 0.12  # of a day, on both sides of a bar
_TICKS: Final = 5


def spent_by_day(of: PeriodAccount) -> str:
    """A bar for each day: the share of the period's budget that was spent on it."""
    most = max((day.spent or 0.0 for day in of.days), default=0.0)
    top = most or 1.0
    bars = (_bar(place, day, top) for place, day in enumerate(of.days))
    words_ = f"Budget spent by day; at most {words.share(most)} on one day."
    return _figure(
        "Budget spent by day",
        f"0 to {words.share(most)}" if most else "nothing was spent",
        words_,
        of.days,
        [*_unknown(of.days, 0.0, _HIGH), *bars],
    )


def budget_left(of: PeriodAccount) -> str:
    """The share of the budget left at the end of each day; the line at 0 is where it is spent."""
    left, points = 1.0, [1.0]
    places = [0.0]
    for place, day in enumerate(of.days):
        if day.known:
            left -= day.spent or 0.0
            points.append(left)
            places.append(place + 1.0)
            if len(points) == 2:
                places[0] = float(place)
    low = min(0.0, *points)
    high = 1.0

    def up(value: float) -> float:
        return _HIGH * (high - value) / (high - low)

    line = " ".join(f"{x:g},{up(y):.2f}" for x, y in zip(places, points, strict=True))
    area = f"{places[0]:g},{up(0):.2f} {line} {places[-1]:g},{up(0):.2f}"
    drawn = [
        *_unknown(of.days, 0.0, _HIGH),
        f'<polygon class="area" points="{area}"/>',
        f'<line class="zero" x1="0" x2="{len(of.days)}" y1="{up(0):.2f}" y2="{up(0):.2f}"/>',
        f'<polyline class="line" points="{line}"/>',
    ]
    now = words.share(left) if left >= 0 else f"overspent by {words.share(-left)}"
    return _figure(
        "Budget left",
        f"{now}{' now' if of.so_far else ' at the end'}",
        f"Budget left at the end of each day: {now}.",
        of.days,
        drawn,
    )


def _bar(place: int, day: DayAccount, top: float) -> str:
    if not day.spent:
        return ""
    high = max(_HIGH * day.spent / top, 1.0)
    about = escape(
        f"{day.day.date:%a %d %B}: {words.share(day.spent)} of the budget, "
        f"{words.events(day.bad)} bad of {words.events(day.total)}"
    )
    return (
        f'<rect class="bar" x="{place + _GAP:g}" y="{_HIGH - high:.2f}" '
        f'width="{1 - 2 * _GAP:g}" height="{high:.2f}"><title>{about}</title></rect>'
    )


def _unknown(days: Sequence[DayAccount], top: float, high: float) -> Iterator[str]:
    """A grey ground where nothing is known, or is known only in part; one for days in a row."""
    start: int | None = None
    for place, known in enumerate([*(day.known > 0 for day in days), True]):
        if not known and start is None:
            start = place
        elif known and start is not None:
            width = place - start
            yield (
                f'<rect class="unknown" x="{start}" y="{top:g}" width="{width}" '
                f'height="{high:g}"><title>nothing is known</title></rect>'
            )
            start = None


def _figure(
    title: str, range_: str, about: str, days: Sequence[DayAccount], drawn: Sequence[str]
) -> str:
    wide = len(days)
    apart = max(wide // _TICKS, 1)
    shown = ((place, days[place].day.date) for place in range(0, wide - apart // 2, apart))
    ticks = "".join(
        f'<text x="{100 * place / wide:.2f}%" y="1em">{day.day} {day:%b}</text>'
        for place, day in shown
    )
    return (
        f"<figure><figcaption><strong>{escape(title)}</strong> {escape(range_)}</figcaption>"
        f'<svg viewBox="0 0 {wide} {_HIGH:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(about)}">{"".join(drawn)}</svg>'
        f'<svg class="days" aria-hidden="true">{ticks}</svg></figure>'
    )
