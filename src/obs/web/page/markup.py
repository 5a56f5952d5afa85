"""HTML and SVG, written so that no text of another system can become markup."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Final

from obs.web.page.content import Tone
from obs.web.page.figures import duration, percent
from obs.web.status import Level

_VOID: Final = frozenset({"input", "meta", "link"})
_WIDTH: Final = 104  # of a small line, in its own units
_MARKS: Final[dict[Level, str]] = {
    "ok": "M14 22.5l5.5 5.5L30.5 16.5",
    "warning": "M22 13v11M22 30v.6",
    "critical": "M16 16l12 12M28 16L16 28",
    "unknown": "M15 22h.5M22 22h.5M29 22h.5",
}


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: str | float | None) -> Markup:
    """One element. Children that are no Markup are escaped; None is left out.

    `class_` stands for class, `aria_label` for aria-label; an attribute that is None is left out,
    an empty one has no value.
    """
    written = "".join(map("".join, _attributes(attributes)))
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: str | None) -> Markup:
    """These one after the other."""
    return Markup("".join(map(_escaped, children)))


def _escaped(child: str | None) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(child)


def _attributes(attributes: dict[str, str | float | None]) -> Iterator[tuple[str, ...]]:
    for name, value in attributes.items():
        if value is not None:
            yield f" {name.rstrip('_').replace('_', '-')}", f'="{escape(str(value))}"'


def age(at: float, now: float) -> Markup:
    """How long before `now` (both in Unix seconds) that was; the script keeps it current."""
    moment = datetime.fromtimestamp(at, UTC)
    return element(
        "time",
        f"{duration(max(0, math.floor(now - at)))} ago",
        data_at=f"{at:.3f}",
        datetime=moment.isoformat(timespec="seconds"),
        title=f"{moment:%Y-%m-%d %H:%M:%S} UTC",
    )


def sparkline(values: Sequence[float | None], tone: Tone, label: str) -> Markup | None:
    """A small line with its area; None where fewer than two values are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low = min(0.0, *known)
    spread = max(known) - low or 1.0
    step = _WIDTH / (len(values) - 1)
    points = [
        None if value is None else (index * step, 26 - (value - low) * 24 / spread)
        for index, value in enumerate(values)
    ]
    runs = [_line(run) for run in _runs(points)]
    areas = [f"{_line(run)}L{run[-1][0]:.1f} 27L{run[0][0]:.1f} 27Z" for run in _runs(points)]
    return element(
        "svg",
        element("path", class_="area", d="".join(areas)),
        element("path", d="".join(runs)),
        class_=f"spark {tone}",
        viewBox="0 0 104 28",
        role="img",
        aria_label=label,
    )


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Points without a gap between them; one alone draws nothing."""
    gaps = [-1, *(i for i, point in enumerate(points) if point is None), len(points)]
    for before, after in pairwise(gaps):
        run = [point for point in points[before + 1 : after] if point is not None]
        if len(run) > 1:
            yield run


def _line(run: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run)


def icon(level: Level) -> Markup:
    """The sign of the verdict."""
    return element(
        "svg",
        element("circle", cx=22, cy=22, r=21),
        element("path", d=_MARKS[level]),
        viewBox="0 0 44 44",
        aria_hidden="true",
    )


def bar(left: float | None) -> Markup:
    """What is left of an error budget (a ratio), as a bar; striped where it is overspent."""
    if left is None:
        return element("div", class_="bar", role="img", aria_label="error budget unknown")
    width = f"{min(100.0, abs(left) * 100):.1f}%"
    over = left < 0
    return element(
        "div",
        element("svg", element("rect", width=width, height="100%", rx=5), aria_hidden="true"),
        class_="bar over" if over else "bar",
        role="img",
        aria_label=f"error budget exceeded by {percent(-left)}"
        if over
        else f"{percent(left)} of the error budget remaining",
    )
