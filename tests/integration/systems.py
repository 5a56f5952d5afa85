"""A NATS server and an AWS account with something in them, and a collector to watch both."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_faults import AwsFaults
from obs.sandbox.nats_server import NatsServer
from tests.integration.aws_fixtures import sign_in
from tests.integration.collector_process import CollectorProcess, Scrape, Spec, key, spec_of
from tests.integration.nats_monitor import Monitor, monitor_of
from tests.integration.orders import Orders

RULE = {"aws": "aws", "bus": "oms-events", "rule": "oms-schema-changed"}
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
    orders: Orders

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
        self.orders.deliver(messages)


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
        sign_in(patch)
        orders = Orders((server.url,))
        orders.create()
        made = Systems(server, monitor, proxy, emulator.endpoint_url, orders)
        now = int(time.time()) // 60 * 60
        made.put("Invocations", {now - 600: 500.0, now - 7200: 500.0})
        made.put("FailedInvocations", {now - 600: 1.0, now - 7200: 2.0})
        yield made


@pytest.fixture(autouse=True)
def all_well(systems: Systems) -> Iterator[None]:
    yield
    systems.monitor.mood = "pass"
    systems.faults.stop_faults()
    systems.server.start()


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
    measured = (one for one in scrape if one[0].startswith("slo_") and "asked_since" not in one[0])
    any_series = {dict(labels)["slo"] for _, labels in measured}
    assert with_budget <= any_series
    return with_budget if with_budget == any_series else {"in between"}


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
