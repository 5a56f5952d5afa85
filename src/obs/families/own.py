"""The collector's own health as families."""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from obs import __version__
from obs.catalogue import own
from obs.catalogue.metric import Metric
from obs.errors import REASONS, STATE_REASONS
from obs.families.family import Family, Rows, single
from obs.families.histogram import Histogram
from obs.spans import Lost


class Source(Protocol):
    """The health of a source; times are Unix seconds."""

    name: str
    up: bool
    polls: int
    last_success: float | None
    stale_after: float
    poll_seconds: float
    series: int
    withdrawn: int
    errors: Counter[str]
    left_out: dict[str, int]
    dropped: Counter[str]
    asked_since: float

    @property
    def durations(self) -> Histogram | None: ...


class Push(Protocol):
    """The health of a push sink."""

    @property
    def name(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def points(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def left_out(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def pending(self) -> int | None: ...
    @property
    def repeated(self) -> int: ...
    @property
    def errors(self) -> Counter[str]: ...


def source_families(sources: Sequence[Source]) -> list[Family]:
    """Health of the sources. An error reason has a zero before its first error."""
    rows = Rows((source.name,) for source in sources)
    return [
        Family(own.SOURCE_UP, rows, [int(source.up) for source in sources]),
        Family(own.SOURCE_LAST_SUCCESS, rows, [source.last_success for source in sources]),
        Family(own.SOURCE_ASKED_SINCE, rows, [source.asked_since for source in sources]),
        Family(own.SOURCE_STALE_AFTER, rows, [source.stale_after for source in sources]),
        Family(own.SOURCE_POLL_DURATION, rows, [round(s.poll_seconds, 6) for s in sources]),
        _durations(sources),
        Family(own.SOURCE_POLLS, rows, [source.polls for source in sources]),
        Family(own.SOURCE_SERIES, rows, [source.series for source in sources]),
        Family(own.SOURCE_WITHDRAWN, rows, [source.withdrawn for source in sources]),
        Family(
            own.SOURCE_ERRORS,
            Rows((source.name, reason) for source in sources for reason in REASONS),
            [source.errors[reason] for source in sources for reason in REASONS],
        ),
        _by_reason(own.SOURCE_LEFT_OUT, {s.name: s.left_out for s in sources}),
        _by_reason(own.SERIES_DROPPED, {s.name: s.dropped for s in sources}),
    ]


def _durations(sources: Sequence[Source]) -> Family:
    """Of the sources that are polled; the others only hold a connection."""
    polled = [(source, of) for source in sources if (of := source.durations) is not None]
    return Family(
        own.SOURCE_POLL_SECONDS,
        Rows((source.name,) for source, _ in polled),
        [of.count for _, of in polled],
        None,
        [of for _, of in polled],
    )


def span_families(sent: int, lost: Mapping[Lost, int]) -> list[Family]:
    """What became of the spans of obs' own traces; a reason has a zero before its first."""
    rows = Rows((reason,) for reason in lost)
    return [single(own.SPANS_SENT, sent), Family(own.SPANS_DROPPED, rows, [*lost.values()])]


def push_families(pushes: Sequence[Push]) -> list[Family]:
    """Health of the push sinks; empty where the spec has none."""
    if not pushes:
        return []
    rows = Rows((push.name,) for push in pushes)
    return [
        Family(own.PUSH_UP, rows, [int(push.up) for push in pushes]),
        Family(own.PUSH_POINTS, rows, [push.points for push in pushes]),
        Family(own.PUSH_REJECTED, rows, [push.rejected for push in pushes]),
        Family(own.PUSH_LEFT_OUT, rows, [push.left_out for push in pushes]),
        Family(own.PUSH_DROPPED, rows, [push.dropped for push in pushes]),
        Family(own.PUSH_PENDING, rows, [push.pending for push in pushes]),
        Family(own.PUSH_REPEATS, rows, [push.repeated for push in pushes]),
        Family(
            own.PUSH_ERRORS,
            Rows((push.name, reason) for push in pushes for reason in REASONS),
            [push.errors[reason] for push in pushes for reason in REASONS],
        ),
    ]


def aws_families(requests: Mapping[str, int], dollars_per_month: float) -> list[Family]:
    """Requests sent to AWS by operation, and their cost in dollars a month."""
    operations = sorted(requests)
    return [
        Family(
            own.AWS_REQUESTS,
            Rows((operation,) for operation in operations),
            [requests[operation] for operation in operations],
        ),
        single(own.AWS_COST, round(dollars_per_month, 6)),
    ]


class Budget(NamedTuple):
    """Dollars of a source in this month of the calendar; None: not known, or without a budget."""

    source: str
    spent: float
    projected: float | None = None
    budget: float | None = None
    stage: int | None = None


def budget_families(budgets: Iterable[Budget]) -> list[Family]:
    """What each source has spent this month, and how that compares with its budget."""
    known = [*budgets]
    rows = Rows((each.source,) for each in known)
    return [
        Family(own.AWS_SPENT, rows, [round(each.spent, 9) for each in known]),
        Family(own.AWS_PROJECTED, rows, [each.projected for each in known]),
        Family(own.AWS_BUDGET, rows, [each.budget for each in known]),
        Family(own.AWS_BUDGET_STAGE, rows, [each.stage for each in known]),
    ]


def state_family(errors: Counter[str]) -> Family:
    """Failures of the state file; a reason has a zero before its first failure."""
    return Family(
        own.STATE_ERRORS,
        Rows((reason,) for reason in STATE_REASONS),
        [errors[reason] for reason in STATE_REASONS],
    )


def spec_families(refused: bool, at: float) -> list[Family]:
    """Whether a changed spec is refused, and when (Unix seconds) the one in force was read."""
    return [single(own.SPEC_REFUSED, int(refused)), single(own.SPEC_READ, at)]


def shard_families(number: int, of: int, sources: Sequence[Source]) -> list[Family]:
    """Which shard this collector watches, and the health of its sources beside other shards'."""
    up = [int(source.up) for source in sources]
    return [
        Family(own.SHARD_INFO, Rows([(str(number), str(of))]), [1]),
        single(own.SHARDS, of),
        Family(own.SHARD_SOURCE_UP, Rows((str(number), each.name) for each in sources), up),
    ]


def lease_families(part: str, leads: bool, epoch: int) -> list[Family]:
    """Whether this collector holds its part's lease, and how often that was taken."""
    rows = Rows([(part,)])
    return [Family(own.LEADER, rows, [int(leads)]), Family(own.LEASE_TAKEOVERS, rows, [epoch])]


def log_family(dropped: int) -> Family:
    """Log lines that could not be written."""
    return single(own.LOG_LINES_DROPPED, dropped)


def check_family(outcomes: Mapping[str, bool]) -> Family:
    """1 for each check that passed, 0 for each that failed; skipped ones have no sample."""
    names = sorted(outcomes)
    return Family(own.CHECK_OK, Rows((name,) for name in names), [int(outcomes[n]) for n in names])


def missing_family(states: Mapping[tuple[str, str, str], int]) -> Family:
    """The state of each name of the spec, by source, kind and name."""
    return Family(own.SPEC_OBJECT_MISSING, Rows(states), [*states.values()])


BUILD = Family(own.BUILD_INFO, Rows([(__version__, platform.python_version())]), [1])


def _by_reason(metric: Metric, counts: Mapping[str, Mapping[str, int]]) -> Family:
    rows = [
        (name, reason, number)
        for name, reasons in counts.items()
        for reason, number in sorted(reasons.items())
    ]
    return Family(
        metric,
        Rows((name, reason) for name, reason, _ in rows),
        [number for _, _, number in rows],
    )
