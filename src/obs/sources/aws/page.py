"""EventBridge and SQS on the status page: rules and queues."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from obs.sources.aws.status import QueueStatus, RuleStatus
from obs.web.page.content import (
    Ago,
    Cell,
    Column,
    KindOnPage,
    Piece,
    Section,
    Tile,
    counted,
    named,
    of_list,
    pill,
    rows_of,
    strong,
    sub,
    toned,
    why_empty,
)
from obs.web.page.figures import duration, number, percent, plural
from obs.web.status import Status

_CAUSES: Final = 3  # of a queue
_RULES: Final = (
    Column("Rule", "wide"),
    Column("State"),
    Column("Invocations, 1 h", "number", keep=True),
    Column("Failed, 5 min", "number"),
    Column("Failed, 1 h", "number"),
    Column("Dead-lettered, 1 h", "number"),
    Column("Last failure", "number"),
)
_QueueColumn = tuple[Column, Callable[[QueueStatus], Cell]]


def on_page(status: Status) -> KindOnPage:
    """Rules and queues."""
    rules = rows_of(status, "rules", RuleStatus)
    queues = rows_of(status, "queues", QueueStatus)
    fine = sum(not each.failing for each in rules)
    tile = Tile("rule", "rules without failures", fine, len(rules))
    sections = [_rules(status, rules), *([_queues(queues)] if queues else ())]
    return KindOnPage(sections, [tile], _cost(status))


def _cost(status: Status) -> str:
    monthly = status.figures.get("aws_cost_dollars_per_month")
    if monthly is None:
        return ""
    spent = status.figures.get("aws_spent_dollars_this_month")
    so_far = "" if spent is None else f"; ${spent:.2f} so far this month"
    return f"AWS API requests cost ${monthly:.2f} per month at the current rate{so_far}"


def _rules(status: Status, rules: Sequence[RuleStatus]) -> Section:
    title, place = "EventBridge rules", 20
    if not rules:
        sources = [each for each in status.sources if each.kind == "aws"]
        empty = why_empty("AWS", sources, "No rules match the spec on these buses.")
        return Section("rule", title, place, empty=empty)
    about = Section("rule", title, place)
    return of_list(about, "EventBridge rules, failing first", _RULES, rules, _rule, noun="rule")


def _rule(row: RuleStatus) -> tuple[Cell, ...]:
    if row.invocations_1h is None:
        state = pill("none", "no data")
    else:
        state = pill("bad", "failing") if row.failing else pill("good", "ok")
    lost = row.dead_letter_failures_1h
    return (
        named(row.rule, row.bus),
        (state, *([toned("bad", f"{number(lost)} lost")] if lost else ())),
        number(row.invocations_1h),
        _failures(row.failures_5m, row.error_ratio_5m),
        _failures(row.failures_1h, row.error_ratio_1h),
        counted(row.dead_lettered_1h, "warn"),
        Ago(row.last_failure, "none"),
    )


def _failures(count: float | None, ratio: float | None) -> Cell:
    return (toned("bad", number(count)), sub(percent(ratio))) if count else number(count)


def _queues(queues: Sequence[QueueStatus]) -> Section:
    columns = list(_queue_columns(queues))
    wide = len(columns) > 3
    return of_list(
        Section("queue", "Queues", 39 if wide else 31, half=not wide),
        "Queues",
        [column for column, _ in columns],
        queues,
        lambda row: [cell(row) for _, cell in columns],
        noun="queue",
    )


def _queue_columns(queues: Sequence[QueueStatus]) -> Iterator[_QueueColumn]:
    """Those that some queue has something for."""
    yield Column("Queue", "wide"), _queue
    yield Column("Messages", "number", keep=True), _messages
    yield Column("Oldest message", "number"), _oldest
    if not all(each.dead_letter for each in queues):
        yield Column("In flight", "number"), lambda row: number(row.in_flight)
        yield Column("Delayed", "number"), lambda row: number(row.delayed)
    if any(each.causes or each.causes_not_read for each in queues):
        yield Column("Causes", "wide"), lambda row: list(_causes(row))


def _queue(row: QueueStatus) -> Cell:
    return named(row.queue, "dead-letter queue" if row.dead_letter else "work queue")


def _messages(row: QueueStatus) -> Cell:
    return counted(row.visible, "warn") if row.dead_letter else number(row.visible)


def _oldest(row: QueueStatus) -> Cell:
    return duration(row.oldest_age_seconds) if row.visible else "–"


def _causes(row: QueueStatus) -> Iterator[Piece]:
    if row.causes_not_read:
        yield sub(f"not read: {row.causes_not_read}")
        return
    for cause in row.causes[:_CAUSES]:
        example = f": {cause.example}" if cause.example else ""
        yield strong(f"{number(cause.messages)} × {cause.error_code}")
        yield sub(f"{cause.bus}/{cause.rule} → {cause.target}{example}")
    more = len(row.causes) - _CAUSES
    unread = row.visible - sum(cause.messages for cause in row.causes)
    rest = [f"and {plural(more, 'more cause')}"] if more > 0 else []
    if row.causes and unread > 0:
        rest.append(f"{number(unread)} not read yet")
    yield sub("; ".join(rest))
