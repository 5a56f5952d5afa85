"""Health of sources and sinks."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from obs.catalogue.own import SOURCE_POLL_SECONDS
from obs.errors import Reason, SourceError
from obs.families.histogram import Histogram, Observations
from obs.sinks.pushed import Pushed
from obs.web.status import SinkName


@dataclass(slots=True)
class SourceHealth:
    """One source. Wall times are Unix seconds; `fresh_until` and `shown_until` are on the monotonic
    clock: until then its last success, and its last answer, count as current."""

    name: str
    kind: str
    required: bool
    interval: float
    stale_after: float
    lasting: bool = False  # a connection: fresh as long as it is up
    asked_since: float = 0.0  # Unix seconds
    usual: tuple[float, float] = (0.0, 0.0)  # interval and stale_after of the spec
    up: bool = False
    polls: int = 0
    failures: int = 0  # in a row
    last_success: float | None = None
    fresh_until: float | None = None
    shown_until: float | None = None
    poll_seconds: float = 0.0
    series: int = 0
    withdrawn: int = 0  # objects without series though nothing says they were deleted
    error: str = ""
    reason: Reason | None = None
    errors: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, int] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    observed: Observations = field(
        default_factory=lambda: Observations(SOURCE_POLL_SECONDS.buckets)
    )

    @property
    def durations(self) -> Histogram | None:
        """How long the polls took; None of a connection."""
        return None if self.lasting else self.observed.histogram()

    def __post_init__(self) -> None:
        self.usual = self.interval, self.stale_after

    def go_on(self, before: "SourceHealth") -> None:
        """Take over what was known of this source, and its counts, from an earlier spec."""
        for name in _KNOWN:
            setattr(self, name, getattr(before, name))

    def slow_down(self, factor: float) -> None:
        """Poll every `factor` intervals of the spec; values count as current for as much longer."""
        interval, stale_after = self.usual
        self.interval, self.stale_after = interval * factor, stale_after * factor

    def succeeded(self, wall: float, monotonic: float, poll_seconds: float) -> None:
        """Record a complete answer that arrived at `wall`."""
        self.up = True
        self.polls += 1
        self.failures = 0
        self.last_success = wall
        self.fresh_until = self.shown_until = monotonic + self.stale_after
        self.poll_seconds = poll_seconds
        self.error = ""
        self.reason = None

    def still_up(self, wall: float, monotonic: float) -> None:
        """Record that a lasting source is still up."""
        self.last_success = wall
        self.fresh_until = self.shown_until = monotonic + self.stale_after

    def failed(self, reason: Reason, error: str, poll_seconds: float) -> None:
        """Record a poll without a usable answer."""
        self.up = False
        self.polls += 1
        self.failures += 1
        self.poll_seconds = poll_seconds
        self.error = error
        self.reason = reason
        self.errors[reason] += 1

    def answered(self, monotonic: float) -> None:
        """Record an answer that is shown, although it is no success; polls go on as usual."""
        self.failures = min(self.failures, 1)
        self.shown_until = monotonic + self.stale_after

    def is_shown(self, monotonic: float) -> bool:
        """Whether the last answer still counts as current."""
        return self.shown_until is not None and monotonic < self.shown_until

    def is_fresh(self, monotonic: float) -> bool:
        """Whether the last success still counts as current."""
        return self.fresh_until is not None and monotonic < self.fresh_until


_KNOWN: Final = (
    *("asked_since", "up", "polls", "failures", "last_success", "fresh_until", "shown_until"),
    *("poll_seconds", "series", "withdrawn", "error", "reason", "errors", "left_out", "dropped"),
    "observed",
)


@dataclass(slots=True)
class PushHealth:
    """One sink that is pushed to."""

    name: SinkName
    target: str  # endpoint or namespace
    interval: float
    up: bool = False
    last_success: float | None = None
    next_push: float | None = None  # Unix seconds
    points: int = 0
    rejected: int = 0
    left_out: int = 0
    dropped: int = 0
    repeated: int = 0
    pending: int | None = None  # values that wait; None: it keeps none
    error: str = ""
    reason: Reason | None = None
    errors: Counter[str] = field(default_factory=Counter)

    def go_on(self, before: "PushHealth") -> None:
        """Take over the counts and the last outcome from an earlier spec."""
        for name in _KNOWN_OF_PUSHES:
            setattr(self, name, getattr(before, name))

    def ended(self, outcome: Pushed, wall: float, wait: float) -> None:
        """Record a push that ended at `wall`; the next one is in `wait` seconds."""
        self.points += outcome.accepted
        self.rejected += outcome.rejected
        self.left_out += outcome.left_out
        self.dropped += outcome.dropped
        self.repeated += outcome.repeated
        self.pending = outcome.pending
        self.next_push = wall + wait
        failure = outcome.failure
        self.up = failure is None
        if failure is None:
            self.last_success = wall
            self.error = ""
            self.reason = None
        else:
            self.error = described(failure, wait)
            self.reason = failure.reason
            self.errors[failure.reason] += 1


_KNOWN_OF_PUSHES: Final = (
    *("up", "last_success", "points", "rejected", "left_out", "dropped", "repeated", "pending"),
    *("error", "reason", "errors"),
)


def described(failure: SourceError, wait: float) -> str:
    """Why a push failed, and what becomes of the pause that the receiver asks for."""
    if failure.pause is None:
        return str(failure)
    shortened = f"; the next push is in {wait:.0f} s all the same" * (failure.pause > wait)
    return f"{failure}; the receiver asks for a pause of {failure.pause:.0f} s{shortened}"
