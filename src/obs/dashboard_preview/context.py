"""What drawing any panel needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import PALETTES, Palette, Theme
from obs.dashboard_preview.notes import Note
from obs.dashboard_preview.ranges import TimeRange
from obs.dashboard_preview.units import Moment
from obs.dashboards.interpolate import VariableScope, for_link, for_text

Drawn = dict[str, Any]
"""A drawn panel as JSON for the page: text only, except `html`."""


@dataclass(frozen=True, slots=True)
class Context:
    """Choices, time, theme and annotations of a drawing; `width` and `height` in pixels."""

    scope: VariableScope
    during: TimeRange
    moment: Moment
    theme: Theme
    width: float
    height: float
    notes: tuple[Note, ...] = ()

    @property
    def palette(self) -> Palette:
        """The theme's colours."""
        return PALETTES[self.theme]

    def data_links(
        self, links: Sequence[Json], name: str, labels: Mapping[str, str], value: str = ""
    ) -> list[dict[str, Any]]:
        """The links of a series, or of its value."""
        facts = {f"__field.labels.{label}": text for label, text in labels.items()}
        facts |= {"__field.name": name, "__series.name": name}
        facts |= {"__value.raw": value, "__value.text": value}
        return [made for link in links if (made := self.link(link, facts))]

    def link(self, link: Json, facts: Mapping[str, str]) -> dict[str, Any] | None:
        """A link with its variables replaced; None unless it is http(s) or within this site."""
        url = for_link(str(link.get("url") or ""), self.scope, facts)
        if not url.startswith(("/", "http://", "https://")):
            return None
        title = for_text(str(link.get("title") or url), self.scope)
        return {"title": title, "url": url, "blank": bool(link.get("targetBlank"))}


def plain(text: str) -> str:
    """A text escaped for plotly, which interprets some HTML."""
    return escape(text, quote=False)
