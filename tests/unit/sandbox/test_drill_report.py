"""A drill passes where exactly the expected alerts fire, stay while the fault lasts, and end."""

from collections.abc import Mapping

import pytest

from obs.sandbox.alerting import Notice
from obs.sandbox.drill_report import WATCHDOG, DrillReport, Expected, all_fire, none_fires, report

LABELS = {
    "severity": "warning",
    "system": "oms-demo",
    "environment": "drill",
    "nats": "oms-nats",
    "account": "OMS",
    "stream": "OMS_EVENTS",
    "consumer": "oms-processor",
}
TEXTS = {
    "summary": "A consumer has too many unprocessed messages.",
    "description": "Consumer oms-processor has 134 unprocessed messages (threshold 100).",
    "runbook_url": "runbooks/NatsConsumerLagHigh.md",
}
LAG = Expected("NatsConsumerLagHigh", {"consumer": "oms-processor"}, since=10)
ENDED = 20.0


def notice(
    at: float,
    *,
    firing: bool = True,
    name: str = "NatsConsumerLagHigh",
    labels: Mapping[str, str] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Notice:
    return Notice(
        at,
        firing,
        {**LABELS, "alertname": name, **(labels or {})},
        {**TEXTS, **(texts or {})},
    )


def judged(*notices: Notice) -> DrillReport:
    return report("lagging", [LAG], notices, ended=ENDED)


def test_an_alert_that_fires_and_ends_passes_with_its_times() -> None:
    verdict = judged(notice(14), notice(23, firing=False))
    assert verdict.passed
    assert [(one.fired, one.resolved) for one in verdict.outcomes] == [(4, 3)]


def test_the_watchdog_is_no_part_of_any_verdict() -> None:
    watchdog = notice(1, name=WATCHDOG)
    assert report("healthy", [], [watchdog], ended=ENDED).passed
    assert none_fires([watchdog])


@pytest.mark.parametrize(
    ("notices", "wrong"),
    [
        ((), "NatsConsumerLagHigh did not fire"),
        ((notice(14),), "NatsConsumerLagHigh did not resolve"),
        (
            (notice(14), notice(16, firing=False)),
            "NatsConsumerLagHigh resolved while the fault was active",
        ),
        (
            (notice(14), notice(21, firing=False), notice(22), notice(23, firing=False)),
            "NatsConsumerLagHigh fired again",
        ),
        (
            (notice(14), notice(23, firing=False), notice(15, labels={"consumer": "other"})),
            "NatsConsumerLagHigh fired unexpectedly for nats=oms-nats, account=OMS, "
            "stream=OMS_EVENTS, consumer=other",
        ),
        ((notice(14, name="Strange"),), "Strange is not an alert of obs"),
        ((notice(14, labels={"stream": ""}),), "NatsConsumerLagHigh has no label stream"),
        (
            (notice(14, texts={"summary": ""}),),
            "NatsConsumerLagHigh has not the summary of its definition",
        ),
        (
            (notice(14, texts={"description": "has <no value>"}),),
            "NatsConsumerLagHigh has an unfilled description: 'has <no value>'",
        ),
        (
            (notice(14, texts={"runbook_url": ""}),),
            "NatsConsumerLagHigh has no link to its runbook",
        ),
    ],
)
def test_whatever_is_wrong_fails_the_drill_and_is_said(
    notices: tuple[Notice, ...], wrong: str
) -> None:
    verdict = judged(*notices)
    assert not verdict.passed
    assert wrong in verdict.wrong


def test_all_fire_only_while_each_expected_alert_does() -> None:
    other = Expected("NatsConsumerStopped", {}, since=10)
    assert all_fire([LAG], [notice(14)])
    assert not all_fire([LAG, other], [notice(14)])
    assert not all_fire([LAG], [notice(14), notice(15, firing=False)])
    assert not all_fire([LAG], [notice(14, labels={"consumer": "other"})])


def test_none_fires_once_every_alert_has_ended() -> None:
    assert not none_fires([notice(14), notice(14, labels={"tier": "6h"}), notice(15, firing=False)])
    assert none_fires([notice(14), notice(15, firing=False)])
