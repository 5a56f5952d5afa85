"""Faults of a whole system, and what of them reaches a webhook through real programs."""

import pytest

from obs.sandbox.alerting import alertmanager_binary
from obs.sandbox.drills import find_drill, run_drill
from obs.sandbox.prometheus import prometheus_binary

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (prometheus_binary() and alertmanager_binary()),
        reason="needs the Debian packages prometheus and prometheus-alertmanager",
    ),
]


async def drilled(name: str) -> None:
    said: list[str] = []
    report = await run_drill(
        find_drill(name), said.append, quiet_seconds=6, fire_seconds=200, resolve_seconds=200
    )
    assert report.wrong == (), "\n".join(said)
    assert [one.alert for one in report.outcomes] == [
        alert for fault in find_drill(name).faults for alert in fault.alerts
    ]


async def test_a_healthy_system_makes_no_alert() -> None:
    await drilled("healthy")


async def test_an_aws_that_throttles_makes_the_alerts_on_its_source_and_no_other() -> None:
    await drilled("aws-throttled")


async def test_alerts_on_a_lagging_consumer_outlive_the_server_that_reported_it() -> None:
    await drilled("nats-down-while-lagging")
