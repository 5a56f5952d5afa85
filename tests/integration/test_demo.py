"""The demo as a newcomer runs it, and its faults as the collector sees them."""

import asyncio
import json
import signal
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from obs.sandbox.collector import CollectorProcess
from obs.sandbox.faults import find_fault
from obs.sandbox.oms import Sandbox
from obs.sandbox.process import free_ports
from tests.integration.demo_process import (
    Demo,
    Status,
    alive,
    descendants,
    running_demo,
    wait_for,
)

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("demo")]

Seen = Callable[[Status], bool]


def begins_healthy(status: Status) -> bool:
    """Nothing is wrong, dead letters are known, and the past of the rules is known."""
    return (
        status["verdict"]["level"] == "ok"
        and {one["status"] for one in status["consumers"]} == {"ok"}
        and all(one["dead_letters"] == 0 for one in status["consumers"])
        and any(one["total"] > 10_000_000 for one in status["slos"])
    )


def prometheus_says(demo: Demo, query: str) -> str:
    (line,) = [line for line in demo.said().splitlines() if line.startswith("Prometheus")]
    with urllib.request.urlopen(f"{line.split()[1]}/api/v1/query?query={query}") as answer:
        body: bytes = answer.read()
    return body.decode()


def test_the_demo_shows_lag_failures_and_budgets_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--for", "5m") as demo:
        wait_for(lambda: begins_healthy(demo.status()), 40, "a healthy beginning")
        assert "<html" in demo.get("/")
        status = demo.status()
        assert {one["consumer"] for one in status["consumers"]} == {
            *("oms-processor", "oms-audit", "oms-search-indexer")
        }
        rules = {one["rule"]: one for one in status["rules"]}
        assert rules["oms-object-changed"]["invocations_1h"] > 40_000
        assert rules["oms-schema-changed"]["invocations_1h"] > 10_000
        (delivery,) = [one for one in status["slos"] if one["name"] == "event-delivery"]
        assert 0.3 < delivery["budget_remaining"] < 0.9
        rates = delivery["burn_rates"]
        assert [window for window in ("5m", "1h", "7d") if rates[window] is None] == []
        assert 0 < delivery["burn_rates"]["1h"] < 3.36
        lag = "nats_consumer_lag_messages"
        assert f'{lag}{{nats="oms-nats",account="OMS",stream="OMS_EVENTS"' in demo.get("/metrics")
        wait_for(
            lambda: "eventbridge_delivery_latency_max_seconds{" in demo.get("/metrics"),
            40,
            "latency",
        )
        wait_for(lambda: demo.consumer("oms-search-indexer")["lag_messages"] > 60, 60, "lag")
        assert "oms-search-indexer stops for 40 s" in demo.said()
        wait_for(lambda: '"value":[' in prometheus_says(demo, "up==1"), 40, "a scrape")

        children = descendants(demo.process.pid)
        assert len(alive(children)) >= 3
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(15) == 0
        assert alive(children) == []
        assert list((tmp_path / "tmp").iterdir()) == []
        assert "Traceback" not in demo.said()


def test_the_demo_ends_by_itself_after_its_time_although_nats_is_down(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--for", "3s", "--fault", "nats-down") as demo:
        children = descendants(demo.process.pid)
        assert demo.process.wait(15) == 0
        assert alive(children) == []
        assert list((tmp_path / "tmp").iterdir()) == []
        assert "nats-down: nats-server is stopped" in demo.said()
        assert "Traceback" not in demo.said()


def test_a_killed_demo_takes_its_processes_with_it(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        children = descendants(demo.process.pid)
        assert len(alive(children)) >= 3
        demo.process.kill()
        wait_for(lambda: alive(children) == [], 40, "the end of its processes")


def consumer_is(name: str, status: str) -> Seen:
    return lambda seen: any(
        one["consumer"] == name and one["status"] == status for one in seen["consumers"]
    )


def source_is(name: str, *, up: bool, reason: str | None = None) -> Seen:
    return lambda seen: any(
        one["name"] == name and one["up"] is up and one["error_reason"] == reason
        for one in seen["sources"]
    )


def processor_gave_up_messages(seen: Status) -> bool:
    return any(
        one["consumer"] == "oms-processor" and one["dead_letters"] >= 3 for one in seen["consumers"]
    )


def rule_fails_and_its_queue_fills(seen: Status) -> bool:
    failing = [one["rule"] for one in seen["rules"] if one["failing"]]
    return failing == ["oms-object-changed"] and dead_letters(seen)["visible"] > 10


def dead_letters_say_why(seen: Status) -> bool:
    return [(one["error_code"], one["rule"]) for one in dead_letters(seen)["causes"]] == [
        ("SDK_CLIENT_ERROR", "oms-object-changed")
    ]


def dead_letters(seen: Status) -> Status:
    return next(one for one in seen["queues"] if one["queue"] == "oms-events-dlq")


class TrackedConsumer:
    """A sandbox with the collector on it."""

    def __init__(self, sandbox: Sandbox, collector: CollectorProcess) -> None:
        self.sandbox = sandbox
        self.collector = collector

    async def see(self, seconds: float, **expected: Seen) -> None:
        """Wait until the status shows all of it, each at some time."""
        missing = dict(expected)
        deadline = time.monotonic() + seconds
        while missing:
            status = json.loads(await asyncio.to_thread(self.collector.get, "/api/v1/status"))
            missing = {name: seen for name, seen in missing.items() if not seen(status)}
            assert time.monotonic() < deadline, f"not within {seconds} s: {', '.join(missing)}"
            await asyncio.sleep(0.3)

    async def start(self, *names: str) -> None:
        for name in names:
            await find_fault(name).start(self.sandbox)

    async def stop(self, *names: str) -> None:
        for name in names:
            await find_fault(name).stop(self.sandbox)


async def watch(folder: Path, check: Callable[[TrackedConsumer], Awaitable[None]]) -> None:
    (port,) = free_ports(1)
    async with Sandbox(folder) as sandbox:
        collector = CollectorProcess(folder, port, sandbox.variables)
        try:
            await asyncio.to_thread(collector.start)
            await check(TrackedConsumer(sandbox, collector))
        finally:
            await asyncio.to_thread(collector.stop)


async def test_each_fault_is_seen_by_the_collector_and_passes_when_it_is_stopped(
    tmp_path: Path,
) -> None:
    async def check(tracked: TrackedConsumer) -> None:
        troubled = ("consumer-stopped", "consumer-stalled", "slow-consumer", "target-failing")
        await tracked.start(*troubled)
        await tracked.see(
            120,
            stopped=consumer_is("oms-processor", "stopped"),
            stalled=consumer_is("oms-audit", "stalled"),
            slow=consumer_is("oms-search-indexer", "slow"),
            failing=rule_fails_and_its_queue_fills,
            causes=dead_letters_say_why,
        )
        await tracked.stop(*troubled)
        await tracked.start("poison-message", "aws-throttled")
        await tracked.see(
            90,
            processor_works=consumer_is("oms-processor", "ok"),
            indexer_works=consumer_is("oms-search-indexer", "ok"),
            dead_letters=processor_gave_up_messages,
            throttled=source_is("oms-aws", up=False, reason="throttled"),
            nats_goes_on=source_is("oms-nats", up=True),
        )
        await tracked.stop("poison-message", "aws-throttled")
        await tracked.start("nats-down")
        await tracked.see(
            90,
            nats_down=source_is("oms-nats", up=False, reason="connection"),
            aws_back=source_is("oms-aws", up=True),
        )
        await tracked.stop("nats-down")
        await tracked.see(
            90,
            nats_back=source_is("oms-nats", up=True),
            audit_works=consumer_is("oms-audit", "ok"),
        )

    await watch(tmp_path, check)
