from typing import Any, TypeVar

import msgspec
import pytest

from obs.sources.aws.status import QueueStatus, RuleStatus
from obs.sources.nats.server_status import ServerStatus
from obs.sources.nats.status import ConsumerStatus, loses_messages
from obs.web.status import (
    LeaseStatus,
    PushStatus,
    SloStatus,
    SourceStatus,
    SpecObjectStatus,
    Status,
    StatusRow,
)
from obs.web.verdict import SHOWN, complete, judge

StructT = TypeVar("StructT", bound=msgspec.Struct)
RowT = TypeVar("RowT", bound=StatusRow)


def changed(value: StructT, **fields: object) -> StructT:
    return msgspec.structs.replace(value, **fields)


SOURCE = SourceStatus(
    name="nats",
    kind="nats",
    up=True,
    required=True,
    last_success=100.0,
    age_seconds=3.0,
    stale_after=120.0,
    poll_seconds=15.0,
)
DOWN = changed(SOURCE, up=False, error="connection refused", error_reason="connection")
CONSUMER = ConsumerStatus(
    nats="nats",
    account="$G",
    stream="S",
    consumer="c",
    status="ok",
    lag_messages=0,
    lag_seconds=0.0,
    pending=0,
    ack_pending=0,
    redelivered=0,
)
SLO = SloStatus(
    name="delivery",
    service="oms",
    sli="invocations",
    objective_percent=99.9,
    window="30d",
    state="ok",
    budget_remaining=0.9,
    burn_rates={},
    error_ratios={},
    exhaustion_seconds=None,
    good=1,
    total=1,
    watermark=None,
)
RULE = RuleStatus(
    aws="aws",
    bus="b",
    rule="r",
    failing=False,
    invocations_5m=10,
    failures_5m=0,
    error_ratio_5m=0.0,
    invocations_1h=100,
    failures_1h=0,
    error_ratio_1h=0.0,
    last_failure=None,
)
QUEUE = QueueStatus(aws="aws", queue="dlq", dead_letter=True, visible=0, oldest_age_seconds=0.0)
PUSH = PushStatus(sink="otlp", target="x", up=True, last_success=1.0, every_seconds=30.0)


def status(**fields: Any) -> Status:
    lists: dict[str, tuple[StatusRow, ...]] = {
        name: fields.pop(name)
        for name in ("consumers", "servers", "rules", "queues")
        if name in fields
    }
    return Status(
        system="oms",
        environment="test",
        version="1",
        generated_at=103.0,
        uptime_seconds=60.0,
        lists=lists,
        **{"sources": (SOURCE,), **fields},
    )


def rows(of: Status, name: str, kind: type[RowT]) -> list[RowT]:
    """The list `name` of a status, all of whose rows are of `kind`."""
    found = of.lists[name]
    assert [row for row in found if not isinstance(row, kind)] == []
    return [row for row in found if isinstance(row, kind)]


def test_without_a_problem_the_headline_says_that_all_is_well() -> None:
    verdict = judge(status(slos=(SLO,), consumers=(CONSUMER,), rules=(RULE,), queues=(QUEUE,)))
    assert (verdict.level, verdict.headline, verdict.found) == ("ok", "All is well", 0)


@pytest.mark.parametrize(
    ("leads", "headline"),
    [(True, "All is well"), (False, "No problem seen; the collector that leads sees more")],
)
def test_a_collector_that_stands_by_does_not_vouch_for_what_it_does_not_poll(
    leads: bool, headline: str
) -> None:
    lease = LeaseStatus(leads=leads, holder="host:1:2", epoch=1)
    verdict = judge(status(lease=lease, consumers=(CONSUMER,)))
    assert (verdict.level, verdict.headline) == ("ok", headline)


@pytest.mark.parametrize(
    ("states", "headline"),
    [
        (("no_data",), "No problem seen; no data yet for 1 of 1 objective"),
        (("no_data", "ok", "no_data"), "No problem seen; no data yet for 2 of 3 objectives"),
        (("too_few", "ok"), "No problem seen; too few events for 1 of 2 objectives"),
        (
            ("too_few", "no_data"),
            "No problem seen; no data yet for 1 and too few events for 1 of 2 objectives",
        ),
    ],
)
def test_all_is_not_well_where_objectives_cannot_be_judged_yet(
    states: tuple[str, ...], headline: str
) -> None:
    verdict = judge(status(slos=tuple(changed(SLO, state=state) for state in states)))
    assert (verdict.level, verdict.headline) == ("ok", headline)


def test_what_the_spec_names_and_is_missing_is_critical_and_what_is_idle_a_warning() -> None:
    missing = SpecObjectStatus(
        source="aws", kind="bus", object="b", path="x", level="critical", text="Bus b is missing"
    )
    verdict = judge(status(rules=(RULE,), spec_objects=(missing,)))
    assert (verdict.level, verdict.headline) == ("critical", "Bus b is missing")
    assert verdict.problems[0].kind == "rule"  # the list that would have it
    idle = changed(missing, kind="rule", level="warning", text="Rule r is disabled")
    assert judge(status(rules=(RULE,), spec_objects=(idle,))).level == "warning"


def test_an_slo_without_data_is_a_problem_once_it_has_been_silent_for_long() -> None:
    new = changed(SLO, state="no_data")
    assert judge(status(slos=(new,))).level == "ok"
    verdict = judge(status(slos=(changed(new, silent=True),)))
    assert (verdict.level, verdict.headline) == ("warning", "delivery: no data arrives")


def test_a_source_with_nothing_to_monitor_is_not_well() -> None:
    verdict = judge(status(sources=(changed(SOURCE, has_no="stream"),)))
    assert verdict.headline == "Source nats has no stream: nothing is monitored"


def test_before_the_first_answer_the_level_is_unknown() -> None:
    unanswered = changed(SOURCE, up=False, last_success=None, age_seconds=None)
    assert judge(status(sources=(unanswered,))).level == "unknown"


@pytest.mark.parametrize(
    ("part", "level"),
    [
        ({"consumers": (changed(CONSUMER, status="leaderless"),)}, "critical"),
        ({"consumers": (changed(CONSUMER, status="stopped"),)}, "critical"),
        ({"consumers": (changed(CONSUMER, status="stalled"),)}, "critical"),
        ({"consumers": (changed(CONSUMER, status="slow"),)}, "warning"),
        ({"consumers": (changed(CONSUMER, status="paused"),)}, "ok"),
        ({"slos": (changed(SLO, state="exhausted"),)}, "critical"),
        ({"slos": (changed(SLO, state="burning", urgent=True),)}, "critical"),
        ({"slos": (changed(SLO, state="burning"),)}, "warning"),
        ({"slos": (changed(SLO, state="no_data"),)}, "ok"),
        ({"rules": (changed(RULE, failing=True, error_ratio_5m=0.01),)}, "warning"),
        ({"rules": (changed(RULE, failing=True, error_ratio_5m=0.10),)}, "critical"),
        ({"rules": (changed(RULE, dead_letter_failures_1h=1),)}, "critical"),
        ({"queues": (changed(QUEUE, visible=1),)}, "warning"),
        ({"queues": (changed(QUEUE, visible=1, dead_letter=False),)}, "ok"),
        ({"pushes": (changed(PUSH, up=False, error="refused"),)}, "warning"),
        ({"pushes": (changed(PUSH, up=False),)}, "ok"),
        ({"sources": (DOWN,)}, "warning"),
        ({"sources": (changed(DOWN, age_seconds=121.0),)}, "critical"),
        ({"sources": (changed(DOWN, age_seconds=121.0, required=False),)}, "warning"),
        ({"sources": (changed(DOWN, last_success=None, age_seconds=None),)}, "critical"),
    ],
)
def test_each_fault_has_its_level(part: dict[str, Any], level: str) -> None:
    assert judge(status(**part)).level == level


def test_a_single_worst_problem_is_the_headline() -> None:
    verdict = judge(
        status(
            consumers=(changed(CONSUMER, status="stopped"),),
            queues=(changed(QUEUE, visible=2),),
        )
    )
    assert verdict.headline == "S/c is stopped: no messages are delivered"
    assert [problem.kind for problem in verdict.problems] == ["consumer", "queue"]


def test_several_worst_problems_are_counted_in_the_headline() -> None:
    verdict = judge(status(consumers=(changed(CONSUMER, status="stopped"),) * 3))
    assert verdict.headline == "3 problems need attention now"


def test_problems_beyond_the_shown_ones_are_counted() -> None:
    verdict = judge(status(consumers=(changed(CONSUMER, status="slow"),) * (SHOWN + 5)))
    assert (len(verdict.problems), verdict.found) == (SHOWN, SHOWN + 5)


def test_consumers_come_worst_first() -> None:
    listed = [
        changed(CONSUMER, consumer="fine"),
        changed(CONSUMER, consumer="behind", lag_messages=9, lag_seconds=4.0),
        changed(CONSUMER, consumer="paused", status="paused"),
        changed(CONSUMER, consumer="far-behind", lag_messages=1, lag_seconds=40.0),
        changed(CONSUMER, consumer="stopped", status="stopped", lag_seconds=1.0),
        changed(CONSUMER, consumer="leaderless", status="leaderless", lag_seconds=None),
    ]
    ordered = rows(complete(status(consumers=tuple(listed))), "consumers", ConsumerStatus)
    assert [each.consumer for each in ordered] == [
        "leaderless",
        "stopped",
        "far-behind",
        "behind",
        "fine",
        "paused",
    ]


def test_failing_rules_and_silent_sources_come_first() -> None:
    done = complete(
        status(
            rules=(RULE, changed(RULE, rule="z", failing=True)),
            sources=(SOURCE, changed(DOWN, name="zzz")),
        )
    )
    assert [rule.rule for rule in rows(done, "rules", RuleStatus)] == ["z", "r"]
    assert [source.name for source in done.sources] == ["zzz", "nats"]


@pytest.mark.parametrize(
    ("lag", "age", "drain", "eviction", "lost"),
    [
        (5, 3000.0, None, 600.0, True),  # does not shrink
        (5, 3000.0, 900.0, 600.0, True),  # shrinks too slowly
        (5, 3000.0, 60.0, 600.0, False),  # is there in time
        (5, 10.0, None, 3590.0, False),  # nearly all of max_age is left
        (0, 0.0, 0.0, None, False),  # nothing outstanding
        (5, 3000.0, None, None, False),  # no max_age
    ],
)
def test_messages_are_lost_where_eviction_comes_before_the_consumer(
    lag: int, age: float, drain: float | None, eviction: float | None, lost: bool
) -> None:
    consumer = changed(
        CONSUMER,
        lag_messages=lag,
        lag_seconds=age,
        drain_seconds=drain,
        eviction_seconds=eviction,
    )
    assert loses_messages(consumer) is lost
    done = complete(status(consumers=(consumer,)))
    assert rows(done, "consumers", ConsumerStatus)[0].at_risk is lost
    assert done.verdict.level == ("critical" if lost else "ok")


SERVER = ServerStatus(nats="nats", server="h:8222", name="n1", state="ok")
DEAD = changed(SERVER, state="unreachable", text="Server n1 (h:8222) does not respond")


def test_a_server_that_is_well_is_no_problem() -> None:
    assert judge(status(servers=(SERVER,))).level == "ok"


@pytest.mark.parametrize("state", ["unreachable", "recovering", "jetstream_off", "unhealthy"])
def test_the_headline_names_a_server_that_is_not_well(state: str) -> None:
    server = changed(SERVER, state=state, text="Server n1 has it")
    verdict = judge(status(servers=(server,)))
    assert (verdict.level, verdict.headline) == ("critical", "Server n1 has it")


def test_the_server_that_is_the_cause_leads_the_headline() -> None:
    stopped = changed(CONSUMER, status="stopped", lag_messages=5)
    verdict = judge(status(consumers=(stopped, stopped), servers=(DEAD,)))
    assert verdict.headline == "Server n1 (h:8222) does not respond, and 2 more problems"


def test_a_consumer_that_is_unknown_or_missing_is_not_well() -> None:
    unknown = changed(CONSUMER, status="unknown", missing="unreachable", lag_messages=None)
    verdict = judge(status(consumers=(unknown,)))
    assert verdict.level == "unknown"
    assert verdict.headline == "S/c is not reported: its server does not respond"


def test_what_is_withdrawn_without_deletion_is_critical_although_the_source_is_up() -> None:
    source = changed(SOURCE, withdrawn=("2 missing consumers are withdrawn",))
    verdict = judge(status(sources=(source,)))
    assert verdict.level == "critical"
    assert verdict.headline == "Source nats: 2 missing consumers are withdrawn"
