"""The preview's page: dashboards as Grafana lays them out, drawn from a Prometheus server."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from obs.dashboard_preview import board
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import Theme
from obs.dashboard_preview.context import Context, Drawn
from obs.dashboard_preview.drawing import drawn, outline
from obs.dashboard_preview.evaluate import USUAL_WIDTH, Panel, PrometheusServer, evaluated_panels
from obs.dashboard_preview.notes import evaluated_annotations
from obs.dashboard_preview.parts import plotly_script
from obs.dashboard_preview.ranges import time_range
from obs.dashboard_preview.units import Moment
from obs.dashboard_preview.variables import Variable, resolved, scope_of
from obs.dashboards.build_context import USUAL_SCRAPE
from obs.errors import BadInput, ObsError

ROW: Final = 30
"""Pixels of a row of the grid."""
GUTTER: Final = 8
"""Pixels between panels."""

_HEADER: Final = 32  # pixels of a panel's title
_PADDING: Final = 16
_HOST: Final = "127.0.0.1"
_SECURITY: Final = {
    "Cache-Control": "no-store",
    # plotly adds style elements; scripts come from this server only.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
_OWN: Final = {"page.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml"}


@asynccontextmanager
async def serving(
    boards: Sequence[Json],
    prometheus: PrometheusServer,
    *,
    port: int = 0,
    scrape: float = USUAL_SCRAPE,
) -> AsyncIterator[str]:
    """Serve dashboards (their JSON) on loopback; yields the URL of the page.

    `scrape` is the scrape interval in seconds, for `$__rate_interval`. Raises BadInput where
    plotly is not installed or the port is taken.
    """
    site = _Site(boards, prometheus, scrape, plotly_script())
    runner = web.AppRunner(_application(site), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError as error:
            raise BadInput(f"--port {port}: {error.strerror or 'cannot be used'}") from None
        yield f"http://{_HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _application(site: "_Site") -> web.Application:
    application = web.Application(middlewares=[_loopback_only])

    async def secure(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in _SECURITY.items():
            response.headers.setdefault(name, value)

    application.on_response_prepare.append(secure)
    for path in ("/", "/d/{uid}", "/d/{uid}/{slug}"):
        application.router.add_get(path, site.page)
    application.router.add_get("/static/{name}", site.static)
    application.router.add_get("/api/boards", site.boards)
    application.router.add_get("/api/d/{uid}", site.board)
    return application


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    # A foreign host name that resolves to loopback must not read the data (DNS rebinding).
    if (request.url.host or "") not in (_HOST, "localhost"):
        raise web.HTTPForbidden(text="this page is served to 127.0.0.1 and localhost only\n")
    return await handler(request)


class _Site:
    def __init__(
        self, boards: Sequence[Json], prometheus: PrometheusServer, scrape: float, plotly: Path
    ) -> None:
        self._boards = {str(each.get("uid")): each for each in boards}
        self._prometheus = prometheus
        self._scrape = scrape
        self._plotly = plotly

    async def page(self, _: web.Request) -> web.Response:
        return _own("page.html", "text/html")

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "plotly.min.js":
            headers = {"Cache-Control": "max-age=3600", "Content-Type": "text/javascript"}
            return web.FileResponse(self._plotly, headers=headers)
        if name not in _OWN:
            raise web.HTTPNotFound(text=f"no file {name}\n")
        return _own(name, _OWN[name])

    async def boards(self, _: web.Request) -> web.Response:
        return web.json_response([_listed(each) for each in self._boards.values()])

    async def board(self, request: web.Request) -> web.StreamResponse:
        """One JSON per line: the dashboard first, then each panel as soon as it has results."""
        dashboard = self._boards.get(request.match_info["uid"])
        if dashboard is None:
            raise web.HTTPNotFound(text="no such dashboard\n")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines = self._lines(dashboard, request.query)
        with contextlib.suppress(ConnectionResetError):
            while (line := await asyncio.to_thread(_next, lines)) is not None:
                await response.write(line)
            await response.write_eof()
        await asyncio.to_thread(lines.close)
        return response

    def _lines(self, dashboard: Json, query: Mapping[str, str]) -> Any:
        try:
            yield from map(_line, self._drawn(dashboard, query))
        except ObsError as error:
            yield _line({"error": str(error)})

    def _drawn(self, dashboard: Json, query: Any) -> Iterator[Drawn]:
        now, usual = time.time(), dashboard.get("time") or {}
        during = time_range(
            query.get("from") or usual.get("from") or "now-6h",
            query.get("to") or usual.get("to") or "now",
            now,
        )
        variables = resolved(dashboard, self._prometheus, _chosen(query), during)
        scope = {**scope_of(variables), **during.scope}
        width = min(max(int(query.get("width") or USUAL_WIDTH), 320), 7_680)
        theme: Theme = "light" if query.get("theme") == "light" else "dark"
        annotations = evaluated_annotations(dashboard, self._prometheus, scope, during)
        notes = tuple(note for each in annotations for note in each.notes)
        context = Context(scope, during, Moment(now), theme, width, 0, notes)
        yield {
            "board": _listed(dashboard),
            "variables": [_variable(each) for each in variables],
            "panels": outline(dashboard, context),
            "links": _board_links(dashboard, list(self._boards.values()), context),
            "range": [during.start * 1000, during.end * 1000, *during.raw],
            "refresh": dashboard.get("refresh") or "",
            "wrong": [f"{each.name}: {each.error}" for each in annotations if each.error],
        }
        for panel in evaluated_panels(
            dashboard, self._prometheus, scope, during, self._scrape, width
        ):
            yield {"panel": _drawn(panel, _sized(context, panel.json))}


def _drawn(panel: Panel, context: Context) -> Drawn:
    """The drawn panel; a fault in one panel must not prevent the others."""
    try:
        return drawn(panel, context)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, re.error) as error:
        odd = f"The preview cannot draw this panel: {type(error).__name__}: {error}"
        return {"id": panel.json.get("id"), "errors": [], "kind": "empty", "text": odd}


def _next(lines: Iterator[bytes]) -> bytes | None:
    return next(lines, None)


def _line(value: Drawn) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _own(name: str, kind: str) -> web.Response:
    body = files("obs.dashboard_preview").joinpath(name).read_bytes()
    return web.Response(body=body, content_type=kind, charset="utf-8")


def _chosen(query: Any) -> dict[str, list[str]]:
    return {
        name.removeprefix("var-"): [value for value in query.getall(name) if value]
        for name in query
        if name.startswith("var-")
    }


def _sized(context: Context, panel: Json) -> Context:
    """The context of one panel, with the pixels of its content."""
    place = panel.get("gridPos") or {}
    columns, rows = place.get("w", board.COLUMNS), place.get("h", 8)
    width = (context.width + GUTTER) * columns / board.COLUMNS - GUTTER - _PADDING
    height = rows * (ROW + GUTTER) - GUTTER - _HEADER - _PADDING
    return replace(context, width=width, height=height)


def _listed(dashboard: Json) -> Drawn:
    return {
        "uid": dashboard.get("uid"),
        "title": dashboard.get("title"),
        "description": dashboard.get("description") or "",
        "tags": dashboard.get("tags") or [],
    }


def _variable(variable: Variable) -> Drawn:
    return {
        "name": variable.name,
        "label": variable.label,
        "options": [list(option) for option in variable.options],
        "chosen": list(variable.chosen.parameters),
        "multi": variable.multi,
        "all": variable.include_all,
        "hidden": variable.hidden,
        "error": variable.error,
    }


def _board_links(dashboard: Json, boards: Sequence[Json], context: Context) -> list[Drawn]:
    """The dashboard's links; a link by tags becomes one for each other dashboard with them."""
    found: list[Drawn] = []
    for link in dashboard.get("links") or []:
        keep = _kept(link)
        if link.get("type") == "dashboards":
            tags = set(link.get("tags") or ())
            found += [
                {"title": each.get("title"), "url": f"/d/{each.get('uid')}{keep}", "blank": False}
                for each in boards
                if tags <= set(each.get("tags") or ()) and each.get("uid") != dashboard.get("uid")
            ]
        elif made := context.link(link, {}):
            found.append(made)
    return [_resolved(link, context) for link in found]


def _kept(link: Json) -> str:
    parts = ["${__url_time_range}"] if link.get("keepTime") else []
    parts += ["${__all_variables}"] if link.get("includeVars") else []
    return f"?{'&'.join(parts)}" if parts else ""


def _resolved(link: Drawn, context: Context) -> Drawn:
    return context.link(link, {}) or link
