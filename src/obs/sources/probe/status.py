"""Probes in the status document: one row a target."""

from collections.abc import Iterator
from typing import Final

from obs.redaction.text import redacted
from obs.sources.probe.tracker import ProbeTracker
from obs.web.status import Level, Problem, StatusRow

CRITICAL: Final = 2  # failures in a row; one alone may be a lost packet
_DAY: Final = 86_400.0
_SOON: Final = 21 * _DAY


class ProbeStatus(StatusRow, frozen=True, kw_only=True):
    """One target and its last probe. null: not known."""

    probe: str  # name of the source
    target: str
    kind: str  # http, tcp or tls
    where: str  # its address, without secrets
    up: bool | None  # null: it could not be probed
    failed_in_a_row: int
    failure: str | None  # why the last probe failed, one of the catalogue's; null: it did not
    text: str | None  # the same in a sentence; or why it could not be probed
    duration_seconds: float | None  # null also where it failed
    http_status: int | None
    certificate_expires: float | None
    last_success: float | None  # null: none
    probes: int
    failures: int
    dependencies_down: tuple[str, ...] = ()
    certificate_seconds: float | None = None  # until it expires

    def problem(self) -> Problem | None:
        """That it fails, or will."""
        if self.up is None:
            return self._problem("unknown", f"was not probed: {self.text}")
        if not self.up:
            level: Level = "critical" if self.failed_in_a_row >= CRITICAL else "warning"
            return self._problem(level, f"fails: {self.text}")
        if self.dependencies_down:
            names = ", ".join(self.dependencies_down)
            return self._problem("warning", f"says that a dependency is down: {names}")
        if self.certificate_seconds is not None and self.certificate_seconds < _SOON:
            days = int(self.certificate_seconds // _DAY)
            return self._problem("warning", f"has a certificate that expires in {days} days")
        return None

    def order(self) -> tuple[bool, bool, str, str]:
        """Those that fail first."""
        return self.up is True, not self.dependencies_down, self.probe, self.target

    def _problem(self, level: Level, what: str) -> Problem:
        return Problem(level, "probe", self.target, f"Probe {self.target} {what}")


def probe_rows(tracker: ProbeTracker) -> Iterator[ProbeStatus]:
    """A row for each target of the last poll."""
    snapshot = tracker.snapshot
    if snapshot is None:
        return
    for last in snapshot.probed:
        counts, target = tracker.counts[last.target], tracker.targets[last.target]
        states = last.dependencies.up if last.dependencies else {}
        yield ProbeStatus(
            probe=tracker.source,
            target=last.target,
            kind=target.kind,
            where=redacted(target.where),
            up=last.up,
            failed_in_a_row=counts.in_a_row,
            failure=last.failure or None,
            text=str(last.unknown) if last.unknown else last.why or None,
            duration_seconds=last.seconds if last.up else None,
            http_status=last.status,
            certificate_expires=last.expires,
            certificate_seconds=None if last.expires is None else last.expires - snapshot.at,
            last_success=counts.last_success or None,
            probes=counts.probes,
            failures=counts.failures,
            dependencies_down=tuple(name for name, works in states.items() if not works),
        )
