"""All dashboards of a system."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from grafanalib._gen import DashboardEncoder

from obs.dashboards.build_context import BuildContext, build_context_of
from obs.dashboards.exported_pages import exported_page
from obs.dashboards.normalise import normalised
from obs.dashboards.pack_pages import pack_pages
from obs.dashboards.page import Page, dashboard
from obs.dashboards.pages import (
    accounts,
    canaries,
    cloudwatch,
    collector,
    consumer,
    eventbridge,
    events,
    jetstream,
    leaders,
    overview,
    pipes,
    probes,
    queues,
    server_groups,
    servers,
    services,
    slo_detail,
    slos,
    targets,
)
from obs.spec.system import System

PAGES: Final[tuple[Callable[[BuildContext], Page | None], ...]] = (
    overview.page,
    jetstream.page,
    consumer.page,
    servers.page,
    services.page,
    accounts.page,
    server_groups.page,
    events.page,
    eventbridge.page,
    queues.page,
    targets.page,
    pipes.page,
    cloudwatch.page,
    probes.page,
    canaries.page,
    slos.page,
    slo_detail.page,
    collector.page,
    leaders.page,
)
"""Makes each page; None where the system has nothing to show on it."""


@dataclass(frozen=True, slots=True)
class Board:
    """A finished dashboard; `json` is Grafana's classic model."""

    page: str
    uid: str
    title: str
    question: str
    json: dict[str, Any]
    of_pack: bool = False


def boards(system: System) -> tuple[Board, ...]:
    """The dashboards of a system, in the order in which they are read."""
    context = build_context_of(system)
    made = [page for make in PAGES if (page := make(context)) is not None]
    made += pack_pages(system, context)
    pages = (exported_page(page, context.exported) for page in made)
    return tuple(board(page, context) for page in pages if page is not None)


def board(page: Page, context: BuildContext) -> Board:
    """One page as a finished dashboard."""
    whole = dashboard(page, context)
    text = json.dumps(whole.to_json_data(), cls=DashboardEncoder)
    json_ = normalised(json.loads(text))
    return Board(page.name, whole.uid, whole.title, page.question, json_, page.of_pack)
