"""Every dashboard: the question that it answers, a picture and its panels."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from docs._generate.alert_rules import whole, with_pack
from docs._generate.markdown import anchor, code, joined, table, words
from obs.dashboards.build import Board, board, boards
from obs.dashboards.build_context import build_context_of
from obs.dashboards.pack_pages import pack_pages

PICTURES: Final = Path(__file__).parents[1] / "pictures" / "dashboards"


def pages() -> dict[str, str]:
    """One page for the dashboards that every system may have."""
    sections = map(section, boards(whole()))
    return {
        "dashboards": joined(
            "# Dashboards",
            "What `obs dashboards build` writes for Grafana, for a spec that watches everything; "
            "a dashboard is built where the spec has something to show on it. Those of packs are "
            "on [their pages](packs/index.md). The pictures are made from `obs demo` by "
            "`make docs-pictures`, with `obs dashboards preview`.",
            *sections,
        )
    }


def of_pack(pack: str) -> Iterator[str]:
    """A section for each dashboard of a pack."""
    system = with_pack(pack)
    context = build_context_of(system)
    for page in pack_pages(system, context):
        yield section(board(page, context), level=3)


def section(made: Board, *, level: int = 2) -> str:
    """One dashmade."""
    title = made.title.partition(" · ")[0]
    picture = PICTURES / f"{made.page}.webp"
    return joined(
        anchor(f"dashboard-{made.page}"),
        f"{'#' * level} {'Dashboard: ' if made.of_pack else ''}{title}",
        words(made.question),
        f"![The dashboard {title}](../pictures/dashboards/{picture.name})"
        if picture.exists() and not made.of_pack
        else "",
        table(("panel", "shows"), _panels(made.json["panels"])),
    )


def _panels(panels: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for panel in panels:
        if panel["type"] == "row":
            yield from _panels(panel.get("panels", ()))
        elif panel.get("title"):
            yield words(panel["title"]), _shown(panel)


def _shown(panel: dict[str, Any]) -> str:
    return words(panel.get("description") or "") or code(panel["type"])
