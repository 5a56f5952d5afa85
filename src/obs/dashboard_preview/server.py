"""The preview's page: dashboards as Grafana lays them out, drawn from a Prometheus server."""

import asyncio
import contextlib
import json
import math
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from obs.dashboard_preview import board
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import Theme
from obs.dashboard_preview.context import Context, Drawn
from obs.dashboard_preview.drawing import drawn, outline
from obs.dashboard_preview.evaluate import USUAL_WIDTH, Panel, PrometheusServer, evaluated_panels
from obs.dashboard_preview.given import all_readable
from obs.dashboard_preview.guard import HOST, LOG, own_pages_only
from obs.dashboard_preview.notes import evaluated_annotations
from obs.dashboard_preview.odd import ODD, not_drawn, why
from obs.dashboard_preview.parts import plotly_script
from obs.dashboard_preview.ranges import TimeRange, time_range
from obs.dashboard_preview.repeats import left_out
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
_SEPARATORS: Final = (",", ":")
_USUAL_RANGE: Final = (("from", "now-6h"), ("to", "now"))
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
    runner = web.AppRunner(_application(site), access_log=None, logger=LOG, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise BadInput(f"--port {port}: {error.strerror or 'cannot be used'}") from None
        yield f"http://{HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _application(site: "_Site") -> web.Application:
    application = web.Application(middlewares=[own_pages_only])

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


class _Site:
    def __init__(
        self, boards: Sequence[Json], prometheus: PrometheusServer, scrape: float, plotly: Path
    ) -> None:
        self._boards = {each["uid"]: each for each in all_readable(boards)}
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
        except ODD as odd:
            yield _line({"error": f"the preview cannot read this dashboard: {why(odd)}"})

    def _drawn(self, dashboard: Json, query: Any) -> Iterator[Drawn]:
        now = time.time()
        during, wrong = _during(dashboard, query, now)
        variables = resolved(dashboard, self._prometheus, _chosen(query), during)
        scope = {**scope_of(variables), **during.scope}
        width = min(max(_whole(query.get("width")) or USUAL_WIDTH, 320), 7_680)
        theme: Theme = "light" if query.get("theme") == "light" else "dark"
        annotations = evaluated_annotations(dashboard, self._prometheus, scope, during)
        notes = tuple(note for each in annotations for note in each.notes)
        context = Context(scope, during, Moment(now), theme, width, 0, notes)
        wrong += [f"{each.name}: {each.error}" for each in variables if each.error]
        wrong += [f"{each.name}: {each.error}" for each in annotations if each.error]
        yield {
            "board": _listed(dashboard),
            "variables": [_variable(each) for each in variables],
            "panels": outline(dashboard, context),
            "links": _board_links(dashboard, list(self._boards.values()), context),
            "range": [during.start * 1000, during.end * 1000, *during.raw],
            "refresh": dashboard.get("refresh") or "",
            "wrong": [*wrong, *left_out(dashboard, scope)],
        }
        for panel in evaluated_panels(
            dashboard, self._prometheus, scope, during, self._scrape, width
        ):
            yield {"panel": _drawn(panel, context)}


def _during(dashboard: Json, query: Any, now: float) -> tuple[TimeRange, list[str]]:
    """The time range of the address, else the dashboard's own, and what is wrong with that.

    Raises BadInput for a range that the address has.
    """
    own = [dashboard["time"][name] or usual for name, usual in _USUAL_RANGE]
    asked = [query.get(name) for name, _ in _USUAL_RANGE]
    begin, end = (chosen or usual for chosen, usual in zip(asked, own, strict=True))
    try:
        return time_range(begin, end, now), []
    except BadInput as problem:
        if any(asked):
            raise
        return time_range("now-6h", "now", now), [str(problem)]


def _whole(given: str | None) -> int:
    return int(given) if given and re.fullmatch(r"\d{1,5}", given) else 0


def _drawn(panel: Panel, context: Context) -> Drawn:
    """The drawn panel; a fault in one panel must not prevent the others."""
    try:
        return drawn(panel, _sized(replace(context, scope=panel.scope), panel.json))
    except ODD as odd:
        return {
            "id": panel.json.get("id"),
            "errors": [],
            "kind": "empty",
            "text": not_drawn(why(odd)),
        }


def _next(lines: Iterator[bytes]) -> bytes | None:
    return next(lines, None)


def _line(value: Drawn) -> bytes:
    """The value as a line of JSON, in which what JSON has no word for is null."""
    try:
        written = json.dumps(value, ensure_ascii=False, separators=_SEPARATORS, allow_nan=False)
    except ValueError:
        written = json.dumps(_finite(value), ensure_ascii=False, separators=_SEPARATORS)
    return written.encode(errors="replace") + b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
