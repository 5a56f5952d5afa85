"""Canaries in the status document: one row each."""

from obs.catalogue import canary
from obs.redaction.text import redacted
from obs.sources.canary.tracker import CanaryTracker
from obs.web.status import Problem, StatusRow


class CanaryStatus(StatusRow, frozen=True, kw_only=True):
    """One canary and its last event. null: not known."""

    canary: str
    where: str
    stage: str | None  # how far the last event came that had time to arrive
    text: str | None  # why an event could not be published or looked for
    last_latency_seconds: float | None
    last_arrival: float | None
    published: int
    lost: int
    duplicates: int

    def problem(self) -> Problem | None:
        """That the last event did not arrive."""
        if self.stage in (None, canary.STAGES[0]):
            return None
        why = f" ({self.text})" if self.text else ""
        said = f"Canary {self.canary}: the last event was {self.stage}{why}"
        return Problem("critical", "canary", self.canary, said)

    def order(self) -> tuple[bool, str]:
        """Those whose event did not arrive first."""
        return self.stage in (None, canary.STAGES[0]), self.canary


def canary_row(tracker: CanaryTracker) -> CanaryStatus:
    """The row of a canary."""
    memory, fault = tracker.memory, tracker.fault()
    return CanaryStatus(
        canary=tracker.source,
        where=redacted(tracker.spec.where),
        stage=None if memory.stage is None else canary.STAGES[memory.stage],
        text=None if fault is None else str(fault),
        last_latency_seconds=memory.last_latency,
        last_arrival=memory.last_arrival,
        published=memory.published,
        lost=memory.lost,
        duplicates=memory.duplicates,
    )
