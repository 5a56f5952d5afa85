"""What goes wrong around the running collector, and what it must make of it."""

import resource
import time
from collections.abc import Iterator

import pytest

from obs.sandbox.aws_faults import Fault
from tests.integration.aws_fixtures import emulator, proxy
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    collectors,
    key,
    named,
)
from tests.integration.nats_monitor import Mood
from tests.integration.orders import DELIVERED
from tests.integration.systems import (
    INVOCATIONS,
    Systems,
    all_well,
    collector,
    settled,
    slos_of,
    systems,
)
from tests.integration.waiting import eventually

__all__ = ["all_well", "collector", "collectors", "emulator", "proxy", "systems"]

pytestmark = pytest.mark.integration

COST_AT_ONE_POLL_PER_SECOND = 395
"""Dollars a month for 2 rules with 7 metrics each and 1 queue."""


@pytest.fixture(scope="module")
def watching(
    systems: Systems, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CollectorProcess]:
    """One collector for all the faults of systems: it must get over each of them."""
    folder = tmp_path_factory.mktemp("collector")
    collector = CollectorProcess(folder, systems.spec(folder))
    collector.clock.turn()
    try:
        yield settled(collector.start())
    finally:
        collector.kill()


def errors(source: str, reason: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key("obs_source_errors_total", source=source, reason=reason)


def check_gone(
    collector: CollectorProcess, source: str, reason: str, left: str, before: Scrape
) -> None:
    """`source` fails and goes stale, with all that depends on it; the other one lives on."""
    other = {"nats": "aws", "aws": "nats"}[source]
    prefixes = {"nats": ("nats_",), "aws": ("eventbridge_", "sqs_")}

    def gone(scrape: Scrape) -> bool:
        return not any(named(scrape, prefix) for prefix in prefixes[source])

    collector.until(lambda scrape: scrape[errors(source, reason)] > before[errors(source, reason)])
    scrape = collector.until(gone)
    assert scrape[key("obs_source_up", source=source)] == 0.0
    assert scrape[key("obs_source_series", source=source)] == 0.0
    assert slos_of(scrape) == {left}
    assert collector.get("/healthz").status == 200
    ready = collector.get("/readyz")
    assert ready.status == 503
    assert ready.text.startswith(f"source {source}: stale, ")
    assert ready.text.count("\n") == 1
    status = collector.status()
    (shown,) = [each for each in status["sources"] if each["name"] == source]
    assert (shown["up"], shown["error_reason"]) == (False, reason)
    assert shown["error"] in ready.text
    scrape = collector.polls(other)
    assert scrape[key("obs_source_up", source=other)] == 1.0
    assert [prefix for prefix in prefixes[other] if not named(scrape, prefix)] == []
    assert sum(named(scrape, "obs_source_errors_total").values()) - sum(
        named(before, "obs_source_errors_total").values()
    ) == pytest.approx(scrape[errors(source, reason)] - before[errors(source, reason)])


def check_back(collector: CollectorProcess, before: Scrape, risen: Scrape) -> None:
    """All is as it was before, but for the counters that have `risen` and what servers count."""
    collector.until(lambda scrape: set(named(scrape, "obs_source_up").values()) == {1.0})
    assert collector.get("/readyz").status == 200

    def counters(scrape: Scrape) -> Scrape:
        return {
            sample: value
            for prefix in ("nats_", "eventbridge_")
            for sample, value in named(scrape, prefix).items()
            if sample[0].endswith("_total")
            and not sample[0].startswith(("nats_server_", "nats_account_"))
        }

    expected = counters(before)
    expected |= {sample: expected[sample] + more for sample, more in risen.items()}

    def whole(scrape: Scrape) -> bool:
        return slos_of(scrape) == {"delivery", "timeliness"} and all(
            scrape[sample] >= expected[sample] for sample in risen
        )

    scrape = collector.until(whole)
    assert counters(scrape) == expected
    assert "internal error" not in collector.log


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("hang", "timeout"),
        ("half", "decode"),
        ("rubbish", "decode"),
        ("throttled", "throttled"),
        ("denied", "auth"),
    ],
)
def test_nats_answering_wrongly_touches_nothing_else_and_is_got_over(
    watching: CollectorProcess, systems: Systems, mood: Mood, reason: str
) -> None:
    before = watching.polls("nats")
    systems.monitor.mood = mood
    check_gone(watching, "nats", reason, "delivery", before)
    systems.deliver(3)
    systems.monitor.mood = "pass"
    check_back(watching, before, {DELIVERED: 3.0})


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.THROTTLED, "throttled"),
        (Fault.CREDENTIALS, "auth"),
        (Fault.SLOW, "timeout"),
        (Fault.RUBBISH, "decode"),
        (Fault.PARTIAL, "partial"),
    ],
)
def test_aws_answering_wrongly_touches_nothing_else_and_is_got_over(
    watching: CollectorProcess, systems: Systems, fault: Fault, reason: str
) -> None:
    before = watching.polls("aws")
    systems.faults.start_fault(fault, "GetMetricData", seconds=3.0)
    check_gone(watching, "aws", reason, "timeliness", before)
    systems.put("Invocations", {watching.clock.minute: 5.0})
    systems.faults.stop_faults()
    check_back(watching, before, {INVOCATIONS: 5.0})


def test_a_nats_server_that_was_killed_comes_back_without_a_reset(
    systems: Systems, collector: CollectorProcess
) -> None:
    collector.spec["sources"]["nats"]["nats"]["monitor"] = [systems.server.monitor]
    before = settled(collector.start()).polls("nats")
    systems.server.kill()
    check_gone(collector, "nats", "connection", "delivery", before)
    systems.server.start()
    systems.deliver(2)
    check_back(collector, before, {DELIVERED: 2.0})


def test_a_clock_that_is_set_changes_neither_counters_nor_freshness(
    systems: Systems, collector: CollectorProcess
) -> None:
    systems.deliver(2)
    started = time.monotonic()
    before = settled(collector.start()).polls("nats")
    for shift in (-2 * 3600.0, -30.0, 3 * 3600.0):
        collector.clock.shift += shift
        for _ in range(3):
            scrape = collector.polls("nats")
            for sample, value in scrape.items():
                if sample[0].endswith("_total"):
                    assert value >= before.get(sample, 0.0), sample
                if sample[0] in ("nats_consumer_lag_seconds", "nats_consumer_lag_messages"):
                    assert value == 0.0
            assert named(scrape, "eventbridge_")
            # A busy machine polls less often than each second, and then it costs less.
            polls = scrape[key("obs_source_polls_total", source="aws")] - 1
            polls_per_second = polls / (time.monotonic() - started)
            cost = scrape[key("obs_aws_cost_dollars_per_month")]
            assert 0.65 * COST_AT_ONE_POLL_PER_SECOND * polls_per_second <= cost
            assert cost <= 1.35 * COST_AT_ONE_POLL_PER_SECOND
            assert len(named(scrape, "slo_objective_ratio")) == 2
            assert collector.get("/readyz").status == 200
            sources = collector.status()["sources"]
            assert [each for each in sources if not each["age_seconds"] >= 0] == []
            before = scrape
    assert "internal error" not in collector.log
    assert "is stale" not in collector.log


def test_a_clock_that_was_ahead_at_the_first_start_silences_no_counter(
    systems: Systems, collector: CollectorProcess
) -> None:
    true = collector.clock.shift
    collector.clock.shift += 86_400
    assert collector.start().scrape()[INVOCATIONS] == 0.0
    collector.clock.shift = true
    collector.polls("aws")
    now = collector.clock.turn()
    systems.put("Invocations", {now: 9.0})
    collector.until(lambda scrape: scrape[INVOCATIONS] == 9.0)
    collector.clock.turn()
    events = key("slo_events_total", slo="delivery", slo_service="oms")
    collector.until(lambda scrape: scrape[events] == 9.0)


def test_running_out_of_file_descriptors_ends_nothing(
    systems: Systems, collector: CollectorProcess
) -> None:
    before = settled(collector.start()).polls("aws")
    pid = collector.process.pid
    assert pid is not None
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    eventually(lambda: "WARNING source nats" in collector.log)  # it accepts no connection itself
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    eventually(lambda: collector.get("/healthz").status == 200)
    check_back(collector, before, {})
    assert collector.stop() == 0


def hang(systems: Systems) -> None:
    systems.monitor.mood = "hang"
    systems.faults.start_fault(Fault.SLOW, seconds=20.0)


def test_the_end_waits_for_no_poll_that_hangs_and_the_state_is_saved(
    systems: Systems, collector: CollectorProcess
) -> None:
    for source in (
        collector.spec["sources"]["nats"]["nats"],
        collector.spec["sources"]["aws"]["aws"],
    ):
        source.update({"timeout": "30s", "stale_after": "60s"})
    systems.put("Invocations", {collector.clock.minute: 8.0})
    counted = collector.start().scrape()[INVOCATIONS]
    assert counted >= 8.0
    hang(systems)
    seen = systems.faults.seen.get("GetMetricData", 0)
    eventually(lambda: systems.faults.seen.get("GetMetricData", 0) > seen)
    started = time.monotonic()
    assert collector.stop() == 0
    assert time.monotonic() - started < 5
    systems.monitor.mood = "pass"
    systems.faults.stop_faults()
    assert not collector.state_file.with_name("obs.sqlite3-wal").exists()  # closed in order
    assert collector.start().scrape()[INVOCATIONS] == counted


def test_a_second_signal_ends_it_at_once_and_the_state_is_whole(
    systems: Systems, collector: CollectorProcess
) -> None:
    before = collector.start().polls("aws")
    hang(systems)
    collector.terminate()
    collector.terminate()
    assert collector.process.wait(2) in (0, -15)
    systems.monitor.mood = "pass"
    systems.faults.stop_faults()
    after = collector.start().scrape()
    assert after[INVOCATIONS] == before[INVOCATIONS]
    assert after[DELIVERED] == before[DELIVERED]
    assert sum(named(after, "obs_state_errors_total").values()) == 0.0
