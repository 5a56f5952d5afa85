"""Canaries on the status page."""

from typing import Final

from obs.sources.canary.status import CanaryStatus
from obs.web.page.content import (
    Ago,
    Cell,
    Column,
    KindOnPage,
    Section,
    fault,
    named,
    of_list,
    pill,
    rows_of,
)
from obs.web.page.figures import number, short_duration
from obs.web.status import Status

_COLUMNS: Final = (
    Column("Canary", "wide"),
    Column("Last event"),
    Column("Latency", "number"),
    Column("Lost", "number"),
    Column("Last arrival"),
)


def on_page(status: Status) -> KindOnPage:
    """Every canary."""
    rows = rows_of(status, "canaries", CanaryStatus)
    if not rows:
        return KindOnPage()
    about = Section("canary", "Canaries", 35)
    return KindOnPage([of_list(about, "Canaries", _COLUMNS, rows, _canary, noun="canary")])


def _canary(row: CanaryStatus) -> tuple[Cell, ...]:
    if row.stage is None:
        stage = pill("none", "on its way")
    else:
        stage = pill("good" if row.stage == "arrived" else "bad", row.stage)
    return (
        (*named(row.canary, row.where), fault(row.text or "")),
        stage,
        short_duration(row.last_latency_seconds),
        f"{number(row.lost)} of {number(row.published)}",
        Ago(row.last_arrival, "never"),
    )
