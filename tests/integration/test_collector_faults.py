"""What goes wrong around the running collector, and what it must make of it."""

import asyncio
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import nats
import pytest
from nats.js.api import ConsumerConfig

from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_faults import AwsFaults, Fault
from obs.sandbox.nats_server import NatsServer
from tests.integration.aws_fixtures import emulator, proxy
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    Spec,
    collectors,
    key,
    named,
    spec_of,
)
from tests.integration.nats_monitor import Monitor, Mood, monitor_of
from tests.integration.waiting import eventually

__all__ = ["collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

RULE = {"aws": "aws", "bus": "oms-events", "rule": "oms-schema-changed"}
CONSUMER = {"nats": "nats", "account": "$G", "stream": "ORDERS", "consumer": "worker"}
DELIVERED = key("nats_consumer_delivered_total", **CONSUMER)
INVOCATIONS = key("eventbridge_invocations_total", **RULE)
SLOS = [
    {
        "name": "delivery",
        "service": "oms",
        "objective": 99.0,
        "window": "7d",
        "sli": {"eventbridge": {"source": "aws", "bus": "oms-events"}},
    },
    {
        "name": "timeliness",
        "service": "oms",
        "objective": 99.0,
        "window": "7d",
        "sli": {
            "nats_lag": {
                "source": "nats",
                "stream": "ORDERS",
                "consumer": "worker",
                "max_messages": 1000,
            }
        },
    },
]


@dataclass(frozen=True)
class Systems:
    """What the collector watches."""

    server: NatsServer
    monitor: Monitor
    faults: AwsFaults
    endpoint_url: str

    def spec(self, folder: Path) -> Spec:
        return spec_of(
            folder,
            nats={"monitor": [self.monitor.url], "stale_after": "2s"},
            aws={
                "endpoint_url": self.faults.endpoint_url,
                "timeout": "1s",
                "stale_after": "3s",
                "buses": [{"name": "oms-events"}],
            },
            slos=SLOS,
        )

    def put(self, metric: str, points: dict[int, float]) -> None:
        rule = (RULE["bus"], RULE["rule"])
        aws_events.put_rule_points(self.endpoint_url, *rule, {metric: points})

    def deliver(self, messages: int) -> None:
        """Publish so many messages, and have them delivered and acknowledged."""
        asyncio.run(_deliver(self.server, messages))


@pytest.fixture(scope="module")
def systems(
    emulator: AwsEmulator, proxy: AwsFaults, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Systems]:
    folder = tmp_path_factory.mktemp("systems")
    emulator.reset()
    aws_events.create_oms(emulator.endpoint_url)
    with (
        pytest.MonkeyPatch.context() as patch,
        NatsServer(folder / "nats") as server,
        monitor_of(server.monitor) as monitor,
    ):
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        asyncio.run(_create_stream(server))
        made = Systems(server, monitor, proxy, emulator.endpoint_url)
        now = int(time.time()) // 60 * 60
        made.put("Invocations", {now - 600: 500.0, now - 7200: 500.0})
        made.put("FailedInvocations", {now - 600: 1.0, now - 7200: 2.0})
        yield made


@pytest.fixture(autouse=True)
def _all_well(systems: Systems) -> Iterator[None]:
    yield
    systems.monitor.mood = "pass"
    systems.faults.stop_faults()
    systems.server.start()


async def _create_stream(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    stream = client.jetstream()
    await stream.add_stream(name="ORDERS", subjects=["orders"])
    await stream.add_consumer("ORDERS", ConsumerConfig(durable_name="worker"))
    await client.close()


async def _deliver(server: NatsServer, messages: int) -> None:
    client = await nats.connect(server.url)
    stream = client.jetstream()
    for _ in range(messages):
        await stream.publish("orders", b"x")
    pull = await stream.pull_subscribe_bind(consumer="worker", stream="ORDERS")
    for message in await pull.fetch(messages):
        await message.ack_sync()
    await client.close()


@pytest.fixture(scope="module")
def watching(systems: Systems, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """One collector for all the faults of systems: it must get over each of them."""
    folder = tmp_path_factory.mktemp("collector")
    collector = CollectorProcess(folder, systems.spec(folder))
    collector.clock.turn()
    try:
        yield settled(collector.start())
    finally:
        collector.kill()


def settled(collector: CollectorProcess) -> CollectorProcess:
    """Once both SLOs have something to tell: of consumers only after a minute."""
    collector.polls("nats")
    collector.clock.turn()

    def both(scrape: Scrape) -> bool:
        names = {name for name, _ in scrape}
        return "slo_burn_rate" in names and slos_of(scrape) == {"delivery", "timeliness"}

    collector.until(both)
    return collector


def slos_of(scrape: Scrape) -> set[str]:
    """The SLOs with a budget; it must not matter which of their series is asked for."""
    with_budget = {
        dict(labels)["slo"] for name, labels in scrape if name == "slo_error_budget_remaining_ratio"
    }
    any_series = {dict(labels)["slo"] for name, labels in scrape if name.startswith("slo_")}
    assert with_budget <= any_series
    return with_budget if with_budget == any_series else {"in between"}


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
    scrape = collector.until(gone, 25)
    assert scrape[key("obs_source_up", source=source)] == 0.0
    assert scrape[key("obs_source_series", source=source)] == 0.0
    assert slos_of(scrape) == {left}
    assert collector.get("/healthz").status == 200
    ready = collector.get("/readyz")
    assert ready.status == 503
    assert ready.text.startswith(f"source {source}: stale, ")
    assert ready.text.count("\n") == 1
    status = collector.status()
    (told,) = [each for each in status["sources"] if each["name"] == source]
    assert (told["up"], told["error_reason"]) == (False, reason)
    assert told["error"] in ready.text
    scrape = collector.polls(other)
    assert scrape[key("obs_source_up", source=other)] == 1.0
    assert all(named(scrape, prefix) for prefix in prefixes[other])
    assert sum(named(scrape, "obs_source_errors_total").values()) - sum(
        named(before, "obs_source_errors_total").values()
    ) == pytest.approx(scrape[errors(source, reason)] - before[errors(source, reason)])


def check_back(collector: CollectorProcess, before: Scrape, risen: Scrape) -> None:
    """All is as it was before, but for the counters that have `risen`."""
    collector.until(lambda scrape: set(named(scrape, "obs_source_up").values()) == {1.0}, 25)
    assert collector.get("/readyz").status == 200

    def counters(scrape: Scrape) -> Scrape:
        return {
            sample: value
            for prefix in ("nats_", "eventbridge_")
            for sample, value in named(scrape, prefix).items()
            if sample[0].endswith("_total")
        }

    expected = counters(before)
    expected |= {sample: expected[sample] + more for sample, more in risen.items()}
    scrape = collector.until(lambda scrape: slos_of(scrape) == {"delivery", "timeliness"})
    assert counters(scrape) == expected
    assert "a fault of the collector itself" not in collector.log


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


_HOURS = count(1)


@pytest.fixture
def collector(
    systems: Systems, tmp_path: Path, collectors: list[CollectorProcess]
) -> CollectorProcess:
    """One in an hour of its own, so that no test meets the points of another."""
    made = CollectorProcess(tmp_path, systems.spec(tmp_path))
    made.clock.turn(60 * next(_HOURS))
    collectors.append(made)
    return made


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


BUDGET = key("slo_error_budget_remaining_ratio", slo="delivery", slo_service="oms")


def state_errors(reason: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key("obs_state_errors_total", reason=reason)


@pytest.mark.parametrize("damage", [lambda whole: b"\xff" * len(whole), lambda whole: whole[:9000]])
def test_a_damaged_state_file_is_set_aside_and_its_history_read_again(
    collector: CollectorProcess, damage: Callable[[bytes], bytes]
) -> None:
    before = collector.start().until(lambda scrape: BUDGET in scrape)
    collector.stop()
    damaged = damage(collector.state_file.read_bytes())
    collector.state_file.write_bytes(damaged)
    after = collector.start().until(lambda scrape: BUDGET in scrape)
    assert after[state_errors("damaged")] == 1.0
    assert after[BUDGET] == before[BUDGET]
    (aside,) = collector.state_file.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged
    assert aside.name in collector.log
    collector.stop()
    assert collector.start().scrape()[state_errors("damaged")] == 0.0


def test_a_damaged_log_of_writes_after_a_kill_keeps_nothing_from_starting(
    collector: CollectorProcess,
) -> None:
    before = collector.start().until(lambda scrape: BUDGET in scrape)
    collector.kill()
    log = collector.state_file.with_name("obs.sqlite3-wal")
    log.write_bytes(b"\xff" * log.stat().st_size)
    after = collector.start().until(lambda scrape: BUDGET in scrape)
    assert after[BUDGET] == before[BUDGET]
    assert after[state_errors("damaged")] == 1.0


def test_a_state_folder_that_cannot_be_written_is_counted_and_all_else_works(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    collector.spec["state_dir"] = str(tmp_path / "file" / "state")
    scrape = collector.start().until(lambda scrape: BUDGET in scrape)
    assert scrape[state_errors("unwritable")] >= 1.0
    again = collector.polls("nats")  # as long as it lasts, so that an alert sees it
    assert again[state_errors("unwritable")] > scrape[state_errors("unwritable")]
    assert named(scrape, "nats_consumer_lag_messages")
    assert collector.stop() == 0


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(("size=1m", *options)), "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk of our own without the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


def test_a_full_disk_is_counted_and_got_over(
    systems: Systems, collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        collector.spec["state_dir"] = str(disk / "state")
        try:
            first = collector.start().scrape()[INVOCATIONS]
            filler = fill(disk)
            systems.put("Invocations", {collector.clock.minute: 4.0})
            full = collector.until(lambda scrape: scrape[state_errors("disk_full")] >= 2)
            assert collector.polls("aws")[INVOCATIONS] == first + 4.0
            assert collector.get("/readyz").status == 200
            filler.unlink()
            after = collector.polls("aws", 2)
            assert (
                collector.polls("aws")[state_errors("disk_full")]
                == (after[state_errors("disk_full")])
            )
            assert after[state_errors("disk_full")] >= full[state_errors("disk_full")]
            collector.kill()
            # What was queued while the disk was full was written once there was room.
            assert collector.start().scrape()[INVOCATIONS] == first + 4.0
        finally:
            collector.kill()


def test_a_start_on_a_full_disk_still_knows_the_state(
    systems: Systems, collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        collector.spec["state_dir"] = str(disk / "state")
        try:
            systems.put("Invocations", {collector.clock.turn(): 6.0})
            collector.start()
            counted = collector.polls("aws")[INVOCATIONS]
            assert counted >= 6.0
            collector.stop()
            filler = fill(disk)
            collector.clock.turn()  # without its state it would count from this minute on
            systems.put("Invocations", {collector.clock.minute: 2.0})
            scrape = collector.start().polls("aws")
            assert scrape[INVOCATIONS] == counted + 2.0
            assert scrape[state_errors("disk_full")] >= 1.0
            filler.unlink()
            collector.polls("aws", 2)
            collector.kill()
            assert collector.start().scrape()[INVOCATIONS] == counted + 2.0
        finally:
            collector.kill()


def test_a_damaged_file_that_cannot_be_set_aside_does_not_keep_it_from_starting(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "state").mkdir()
        (disk / "state" / "obs.sqlite3").write_bytes(b"no database" * 1000)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        collector.spec["state_dir"] = str(disk / "state")
        try:
            scrape = collector.start().scrape()
            assert scrape[state_errors("damaged")] == 1.0
            assert scrape[state_errors("unwritable")] >= 1.0
        finally:
            collector.kill()


def test_a_limit_on_file_sizes_is_an_error_of_the_state_and_of_nothing_else(
    systems: Systems, collector: CollectorProcess
) -> None:
    counted = collector.start().scrape()[INVOCATIONS]
    pid = collector.process.pid
    assert pid is not None
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    systems.put("Invocations", {collector.clock.minute: 3.0})
    collector.until(lambda scrape: sum(named(scrape, "obs_state_errors_total").values()) >= 2)
    assert collector.polls("aws")[INVOCATIONS] == counted + 3.0
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    collector.polls("aws", 2)
    collector.kill()
    assert collector.start().scrape()[INVOCATIONS] == counted + 3.0


def test_a_second_collector_on_the_same_state_is_refused_in_one_line(
    collector: CollectorProcess,
) -> None:
    collector.start()
    second = collector.output()
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        f"{collector.state_file}: another collector uses this state; give each its own state_dir\n"
    )
    assert collector.polls("nats")[key("obs_source_up", source="nats")] == 1.0


def test_a_clock_that_is_set_changes_neither_counters_nor_freshness(
    systems: Systems, collector: CollectorProcess
) -> None:
    systems.deliver(2)
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
            # 2 rules with 7 metrics and 1 queue a second, which is what a month costs at that rate.
            cost = scrape[key("obs_aws_cost_dollars_per_month")]
            assert cost == pytest.approx(395, rel=0.35)
            assert len(named(scrape, "slo_objective_ratio")) == 2
            assert collector.get("/readyz").status == 200
            assert all(each["age_seconds"] >= 0 for each in collector.status()["sources"])
            before = scrape
    assert "a fault of the collector itself" not in collector.log
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
