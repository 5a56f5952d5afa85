"""The places of panels on Grafana's grid of 24 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import attr
from grafanalib import core

from obs.ids import panel_id

COLUMNS: Final = 24


@dataclass(frozen=True, slots=True)
class Band:
    """Panels side by side from left to right, all of one height in grid units of 30 pixels.

    Panels share the width evenly unless `widths` are given. Raises ValueError unless they fill it.
    """

    height: int
    panels: Sequence[core.Panel]
    widths: Sequence[int] = ()

    def __post_init__(self) -> None:
        if sum(self.spans) != COLUMNS:
            raise ValueError(f"{self.spans} do not fill {COLUMNS} columns")

    @property
    def spans(self) -> tuple[int, ...]:
        """Columns that each panel takes."""
        return tuple(self.widths) or _even(len(self.panels))


@dataclass(frozen=True, slots=True)
class Section:
    """Bands below a title; the first section of a page has none."""

    title: str
    bands: Sequence[Band]


def placed(page: str, sections: Sequence[Section]) -> list[core.Panel]:
    """The panels of a page from top to bottom, with their places."""
    panels: list[core.Panel] = []
    top = 0
    for section in sections:
        if section.title:
            panels.append(_title(page, section.title, top))
            top += 1
        for band in section.bands:
            panels += _side_by_side(band, top)
            top += band.height
    return panels


def _title(page: str, title: str, top: int) -> core.RowPanel:
    key = f"{page}/section {title}"
    return core.RowPanel(title=title, id=panel_id(key), gridPos=core.GridPos(1, COLUMNS, 0, top))


def _side_by_side(band: Band, top: int) -> Iterator[core.Panel]:
    left = 0
    for panel, span in zip(band.panels, band.spans, strict=True):
        yield attr.evolve(panel, gridPos=core.GridPos(band.height, span, left, top))
        left += span


def _even(count: int) -> tuple[int, ...]:
    """Widths as even as 24 columns allow, the wider ones first."""
    if not 0 < count <= COLUMNS:
        raise ValueError(f"{count} panels do not fit side by side")
    width, wider = divmod(COLUMNS, count)
    return (width + 1,) * wider + (width,) * (count - wider)
