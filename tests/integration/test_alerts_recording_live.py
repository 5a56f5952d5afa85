"""A Prometheus that evaluates our recording rules records the burn rate that the collector tells.

The collector's clock is turned minute by minute, Prometheus' own goes on as ever: what happens in
five minutes of the one happens in seconds of the other, so both look at the same events.
"""

import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.artifacts import write
from obs.catalogue import recorded, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, selector
from obs.clients.prometheus import Prometheus as Client
from obs.errors import SourceError
from obs.sandbox import aws_events
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.spec.load import load
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import CollectorProcess, collectors, spec_of
from tests.integration.waiting import eventually

__all__ = ["account", "collectors", "emulator", "proxy"]

BINARY = prometheus_binary()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BINARY is None, reason="no Prometheus is installed"),
]

BUS, RULE = "oms-events", "oms-schema-changed"
OBJECT = {"slo": "delivery", "slo_service": "oms"}
DELIVERY = {
    "name": OBJECT["slo"],
    "service": OBJECT["slo_service"],
    "objective": 99.0,
    "window": "7d",
    "sli": {"eventbridge": {"source": "aws", "bus": BUS}},
}
MINUTES = ((100, 2), (50, 25), (300, 0), (7, 7), (90, 1))
"""Invocations of each minute, and how many of them failed: as many as the window has minutes."""
EXACT = 1e-9
"""Relative: both sides divide the same whole numbers."""

Asked = Callable[..., float | None]


@pytest.fixture
def collector(
    account: Account, tmp_path: Path, collectors: list[CollectorProcess]
) -> CollectorProcess:
    aws_events.create_oms(account.endpoint_url)
    source = {"endpoint_url": account.endpoint_url, "buses": [{"name": BUS, "rules": [RULE]}]}
    made = CollectorProcess(tmp_path, spec_of(tmp_path, aws=source, slos=[DELIVERY]))
    collectors.append(made)
    made.clock.turn()
    return made.start()


@pytest.fixture
def ask(collector: CollectorProcess, tmp_path: Path) -> Iterator[Asked]:
    """The value that a Prometheus beside the collector has of a metric and window."""
    assert BINARY
    folder = tmp_path / "prometheus-server"
    rules = write(folder, build(load([collector.spec_file], variables={}), ["recording"]))
    assert rules
    server = PrometheusProcess(
        BINARY,
        folder,
        collector.url.removeprefix("http://"),
        rules=Rules(str(folder / "recording/*.yaml"), "127.0.0.1:1"),
        every=1,
    )
    server.start()
    client = Client(server.url)

    def value(metric: Metric, window: str = "") -> float | None:
        labels = {**OBJECT, **({"window": window} if window else {})}
        try:
            found = client.query(selector(metric, equal(tuple(labels.items()))), time.time())
        except SourceError:  # it is starting
            return None
        return found[0].points[-1][1] if found else None

    try:
        yield value
    finally:
        client.close()
        server.stop()


def test_a_recorded_burn_rate_is_the_collector_s_minute_by_minute(
    collector: CollectorProcess, account: Account, ask: Asked
) -> None:

    def becomes(expected: object, metric: Metric, window: str = "") -> None:
        eventually(lambda: ask(metric, window) == expected)

    becomes(0, slo.EVENTS)
    totals = accumulate(MINUTES, lambda sums, each: (sums[0] + each[0], sums[1] + each[1]))
    for (invoked, failed), (total, bad) in zip(MINUTES, totals, strict=True):
        points = {"Invocations": float(invoked), "FailedInvocations": float(failed)}
        minute = collector.clock.minute
        published = {metric: {minute: number} for metric, number in points.items() if number}
        aws_events.put_rule_points(account.endpoint_url, BUS, RULE, published)
        collector.clock.turn()
        expected = pytest.approx(bad / total / 0.01, rel=EXACT)
        becomes(total, slo.EVENTS)
        becomes(expected, slo.BURN_RATE, "5m")
        becomes(expected, recorded.BURN_RATE, "5m")
