"""The whole status page."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Final

from obs.web.page.content import Filter, KindOnPage, Section, Tile, Tone
from obs.web.page.figures import duration, number
from obs.web.page.markup import Markup, element, icon, joined
from obs.web.page.own_sections import every_section
from obs.web.page.slo_cards import slo_section
from obs.web.page.tables import section
from obs.web.status import Level, SloStatus, Status

REFRESH_SECONDS: Final = 10  # without a script
_PROBLEMS: Final = 6
TONES: Final[dict[Level, Tone]] = {
    "ok": "good",
    "warning": "warn",
    "critical": "bad",
    "unknown": "none",
}
_COLOURS: Final[dict[Level, str]] = {
    "ok": "1f9d5f",
    "warning": "e09a1a",
    "critical": "d6373f",
    "unknown": "7b8794",
}


def page(status: Status, kinds: Sequence[KindOnPage], typed: Filter, now: float) -> bytes:
    """The page of a complete status at `now` (Unix seconds), with what the kinds of source add."""
    sections = every_section(status, kinds)
    tiles = [each for kind in kinds for each in kind.tiles]
    body = element(
        "div",
        _header(status),
        element("div", id="offline", role="alert", hidden=""),
        element(
            "main",
            _verdict(status, tiles),
            element(
                "div",
                slo_section(status.slos, status.recorded_slos, now),
                *_laid_out(sections, typed, now),
                id="content",
            ),
            id="main",
            data_now=f"{now:.3f}",
            data_generated=f"{status.generated_at:.3f}",
        ),
        _footer(status),
        class_="frame",
    )
    script = element("script", Markup(_asset("page.js")))
    html = element("html", _head(status), element("body", body, script), lang="en")
    return f"<!doctype html>\n{html}\n".encode()


@cache
def policy() -> str:
    """The Content-Security-Policy of the page: what is written in it may run, and nothing else."""
    return (
        f"default-src 'none'; script-src {_hash('page.js')}; style-src {_hash('page.css')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


@cache
def _asset(name: str) -> str:
    return files("obs.web.page").joinpath(name).read_text("utf-8")


def _hash(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _head(status: Status) -> Markup:
    verdict = status.verdict
    found = f"({verdict.found}) " if verdict.found and verdict.level != "ok" else ""
    circle = (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
        f"%3Ccircle cx='8' cy='8' r='7' fill='%23{_COLOURS[verdict.level]}'/%3E%3C/svg%3E"
    )
    refresh = element("meta", http_equiv="refresh", content=str(REFRESH_SECONDS))
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{found}{status.system} · {status.environment}"),
        element("link", rel="icon", href=circle),
        element("noscript", refresh),
        element("style", Markup(_asset("page.css"))),
    )


def _header(status: Status) -> Markup:
    return element(
        "header",
        element("h1", status.system),
        element("span", status.environment, class_="pill calm"),
        *([element("span", f"shard {status.shard}", class_="pill calm")] if status.shard else []),
        element(
            "span",
            element("span", class_="dot good", id="pulse"),
            element("span", "updated 0 s ago", id="updated"),
            class_="live small muted",
        ),
    )


def _footer(status: Status) -> Markup:
    about = f"obs {status.version}, running for {duration(status.uptime_seconds)}{status.role}"
    return element(
        "footer",
        element("span", about, data_part="about"),
        element(
            "span",
            element("a", "/metrics", href="metrics"),
            " · ",
            element("a", "/api/v1/status", href="api/v1/status"),
        ),
    )


def _verdict(status: Status, tiles: Sequence[Tile]) -> Markup:
    verdict = status.verdict
    up = sum(source.up for source in status.sources)
    own = (
        *([_objectives(status.slos)] if status.slos else ()),
        *tiles,
        Tile("source", "sources up", up, len(status.sources)),
    )
    parts = [
        element("div", icon(verdict.level), element("h2", verdict.headline), class_="headline"),
        element("div", *(_tile(tile, status) for tile in own), class_="tiles"),
    ]
    if verdict.found > 1:
        parts.append(element("ul", *_problems(status), class_="problems", aria_label="Problems"))
    shown = element("div", *parts, class_=f"card verdict {TONES[verdict.level]}")
    return element("div", shown, id="verdict", role="status", data_part="verdict")


def _objectives(slos: Sequence[SloStatus]) -> Tile:
    """How many are met of those that can be judged."""
    waiting = sum(slo.state in ("no_data", "too_few") for slo in slos)
    met = sum(slo.state == "ok" for slo in slos)
    label = f"objectives met, {number(waiting)} without data" if waiting else "objectives met"
    return Tile("slo", label, met, len(slos) - waiting)


def _tile(tile: Tile, status: Status) -> Markup:
    worst = next((each for each in status.verdict.problems if each.kind == tile.section), None)
    tone = TONES[worst.level] if worst else "none"
    count = f"{number(tile.fine)} / {number(tile.all)}" if tile.all else "–"
    return element(
        "a",
        element("b", count),
        element("span", tile.label),
        class_=f"tile off {tone}" if tile.fine < tile.all else "tile",
        href=f"#{tile.section}",
    )


def _problems(status: Status) -> Iterator[Markup]:
    verdict = status.verdict
    shown = verdict.problems[:_PROBLEMS]
    for problem in shown:
        yield element(
            "li",
            element("span", class_="dot", aria_hidden="true"),
            element("a", problem.text, href=f"#{problem.kind}"),
            element("span", problem.level, class_="kind small muted"),
            class_=TONES[problem.level],
        )
    if (rest := verdict.found - len(shown)) > 0:
        yield element("li", f"and {number(rest)} more", class_="muted")


def _laid_out(sections: Sequence[Section], typed: Filter, now: float) -> Iterator[Markup]:
    for (_, half), group in groupby(sections, key=lambda each: (each.place // 10, each.half)):
        drawn = [section(each, typed, now) for each in group]
        yield element("div", *drawn, class_="pair") if half else joined(*drawn)
