"""The text panel."""

from typing import Final

from markdown_it import MarkdownIt

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.context import Context, Drawn
from obs.dashboards.interpolate import for_text

_RENDERER: Final = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def text(panel: Json, context: Context) -> Drawn:
    """Markdown as HTML with any HTML in it escaped; other modes unchanged."""
    options = panel.get("options") or {}
    content = for_text(str(options.get("content") or ""), context.scope)
    if options.get("mode", "markdown") != "markdown":
        return {"kind": "text", "text": content}
    return {"kind": "text", "html": markdown(content)}


def markdown(content: str) -> str:
    """CommonMark and tables as HTML; HTML within it stays text, and no URL runs a script."""
    return str(_RENDERER.render(content))
