"""Probes on the status page."""

from typing import Final

from obs.sources.probe.status import CRITICAL, ProbeStatus
from obs.web.page.content import (
    Ago,
    Cell,
    Column,
    KindOnPage,
    Section,
    Words,
    fault,
    named,
    of_list,
    pill,
    rows_of,
)
from obs.web.page.figures import duration, number, short_duration
from obs.web.status import Status

_COLUMNS: Final = (
    Column("Target", "wide"),
    Column("State"),
    Column("Duration", "number"),
    Column("Failed", "number"),
    Column("Last success"),
    Column("Certificate expires in", "number"),
)


def on_page(status: Status) -> KindOnPage:
    """Every target."""
    rows = rows_of(status, "probes", ProbeStatus)
    if not rows:
        return KindOnPage()
    about = Section("probe", "Probes", 40)
    return KindOnPage([of_list(about, "Probes", _COLUMNS, rows, _target, noun="target")])


def _target(row: ProbeStatus) -> tuple[Cell, ...]:
    down = [fault(f"{name} is down") for name in row.dependencies_down]
    return (
        (*named(row.target, f"{row.probe} · {row.where}"), fault(row.text or ""), *down),
        _state(row),
        short_duration(row.duration_seconds),
        f"{number(row.failures)} of {number(row.probes)}",
        Ago(row.last_success, "never"),
        duration(row.certificate_seconds),
    )


def _state(row: ProbeStatus) -> Words:
    if row.up is None:
        return pill("none", "not probed")
    if not row.up:
        again = row.failed_in_a_row >= CRITICAL
        return pill("bad" if again else "warn", row.failure or "down")
    return pill("warn", "dependency down") if row.dependencies_down else pill("good", "up")
