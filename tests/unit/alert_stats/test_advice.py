"""Advice that follows from the counts."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alert_stats.advice import Advice, Tunable, advice, avoided, best_for
from obs.alert_stats.document import as_document
from obs.alert_stats.history import Firing, History
from obs.alert_stats.setting import setting, tunables
from obs.alert_stats.stats import FLAP, Stats, stats
from obs.alert_stats.text import as_text
from obs.alerts.tuning import tuned_alerts
from obs.spec.system import System

MONDAY = 1_790_000_000 // 604_800 * 604_800 + 4 * 86_400.0 + 10 * 3600
WEEK = 7 * 86_400.0
SPEC = {
    "version": 1,
    "system": "shop",
    "sources": {"nats": {"main": {"monitor": ["http://n:8222"]}}},
    "notify": {
        "receivers": {"oncall": {"webhook": {"url": "http://oncall/"}}},
        "routes": {"critical": {"to": ["oncall"]}, "warning": {"to": ["oncall"]}},
    },
}
SYSTEM = System.model_validate(SPEC)
ALERTS = tuned_alerts(SYSTEM)
TUNABLES = tunables(ALERTS)


def fired(
    alert: str,
    *spans: tuple[float, float],
    severity: str = "warning",
    consumer: str = "C",
    **labels: str,
) -> list[Firing]:
    """An alert on a consumer, at these minutes after a Monday morning and for these minutes."""
    known = {"nats": "main", "account": "A", "stream": "S", "consumer": consumer, **labels}
    ours = {"managed_by": "obs", "system": "shop", "environment": "production"}
    all_labels = {"alertname": alert, "severity": severity, **ours, **known}
    return [
        Firing(tuple(sorted(all_labels.items())), MONDAY + 60 * at, MONDAY + 60 * (at + length))
        for at, length in spans
    ]


def counted(*firings: list[Firing], pending: dict[str, int] | None = None) -> Stats:
    every = tuple(sorted((one for each in firings for one in each), key=lambda one: one.begin))
    end = MONDAY + WEEK
    history = History(MONDAY, end, 60, every, ((MONDAY, end),), pending or {})
    return stats(history, setting(SYSTEM, ALERTS, ZoneInfo("UTC")))


def advised(found: Stats) -> dict[str, Advice]:
    given_ = advice(found, setting(SYSTEM, ALERTS, ZoneInfo("UTC")), TUNABLES)
    return {each.kind: each for each in given_}


def test_short_firings_are_avoided_by_a_longer_for_and_the_text_says_how_many() -> None:
    short = [(60.0 * index, 3.0) for index in range(12)]
    long = [(1000.0, 60.0), (2000.0, 90.0)]
    found = advised(counted(fired("NatsConsumerLagHigh", *short, *long)))["raise_for"]
    assert found.text == (
        "NatsConsumerLagHigh fired 12 of 14 times for 3m or less: raise `for` from 5m to 10m "
        "(12 of 14 would not have fired; the others come 5m later), or move its threshold "
        "(`above`)."
    )
    assert found.avoids == 12
    assert found.setting == "alerts: {NatsConsumerLagHigh: {for: 10m}}"
    System.model_validate({**SPEC, "alerts": {"NatsConsumerLagHigh": {"for": "10m"}}})


def test_of_a_page_the_text_says_how_many_pages_would_be_left() -> None:
    short = [(60.0 * index, 4.0) for index in range(5)]
    pages = fired("NatsConsumerStalled", *short, (1000.0, 60.0), severity="critical")
    found = advised(counted(pages))["raise_for"]
    assert "5 of 6 would not have fired, 1 page instead of 6" in found.text


def test_a_page_is_not_made_late_by_more_than_a_quarter_of_an_hour() -> None:
    long = [(120.0 * index, 30.0) for index in range(5)]
    pages = fired("NatsConsumerStalled", *long, severity="critical")
    assert "raise_for" not in advised(counted(pages))
    assert "raise_for" in advised(counted(fired("NatsConsumerLagHigh", *long)))


def test_an_alert_on_a_counters_growth_is_never_told_to_hold_for_its_whole_window() -> None:
    """An event is in the window for as long as it is; no alert would be left."""
    tunable = TUNABLES["NatsConsumerDeadLetters"]
    assert tunable.window is not None
    own = fired("NatsConsumerDeadLetters", *[(60.0 * i, tunable.window / 60) for i in range(9)])
    assert best_for(own, tunable, 3600) == (tunable.hold, 0)


FIRINGS = st.lists(
    st.tuples(st.integers(1, 4000), st.one_of(st.none(), st.integers(0, 4000))), max_size=20
).map(
    lambda drawn: [
        Firing((), index * 1e5, index * 1e5 + seconds, None if held is None else float(held))
        for index, (seconds, held) in enumerate(drawn)
    ]
)


@given(FIRINGS, st.integers(0, 900), st.integers(0, 4000), st.integers(0, 4000))
def test_a_longer_for_never_avoids_fewer(
    firings: list[Firing], hold: int, one: int, other: int
) -> None:
    shorter, longer = sorted((float(one), float(other)))
    assert avoided(firings, hold, shorter) <= avoided(firings, hold, longer) <= len(firings)


@given(FIRINGS, st.integers(0, 900))
def test_a_for_that_is_advised_is_longer_and_avoids_at_least_half(
    firings: list[Firing], hold: int
) -> None:
    wanted, count = best_for(firings, Tunable(float(hold)), 3600)
    if count:
        assert hold < wanted <= 3600
        assert count == avoided(firings, hold, wanted) >= len(firings) / 2
    else:
        assert wanted == hold


def test_an_alert_that_comes_back_at_once_flaps() -> None:
    back = [(20.0 * index, 15.0) for index in range(6)]
    found = counted(fired("NatsConsumerLagHigh", *back))
    assert found.alerts[0].count.flaps == 5
    text = advised(found)["flapping"].text
    assert "5 of 6 times" in text
    assert "move the threshold (`above`)" in text
    apart = [((15 + FLAP / 60 + 1) * index, 15.0) for index in range(6)]
    assert counted(fired("NatsConsumerLagHigh", *apart)).alerts[0].count.flaps == 0


def test_an_alert_that_fires_most_of_the_time_hides_the_next_fault() -> None:
    found = counted(fired("NatsConsumerSlow", (0, 5 * 24 * 60)))
    assert "for 71 % of 7d" in advised(found)["always_on"].text


def test_alerts_that_always_fire_together_make_an_inhibition_rule_that_the_spec_takes() -> None:
    times = [(600.0 * index, 60.0) for index in range(4)]
    later = [(at + 2, length) for at, length in times]
    causes = fired("NatsStreamReplicaLagging", *times, consumer="")
    found = advised(counted(causes, fired("NatsConsumerLagHigh", *later)))["together"]
    rule = {
        "source": ["NatsStreamReplicaLagging"],
        "target": ["NatsConsumerLagHigh"],
        "equal": ["nats", "account", "stream"],
    }
    assert "4 of 4 times together" in found.text
    written = "source: [NatsStreamReplicaLagging], target: [NatsConsumerLagHigh], "
    assert written + "equal: [nats, account, stream]" in found.setting
    System.model_validate({**SPEC, "notify": {**SPEC["notify"], "inhibit": [rule]}})  # type: ignore[dict-item]


def test_a_warning_is_never_advised_to_inhibit_a_page() -> None:
    times = [(600.0 * index, 60.0) for index in range(4)]
    pages = fired("NatsMetaLeaderMissing", *times, severity="critical", consumer="")
    found = counted(fired("NatsConsumerLagHigh", *times), pages)
    assert advised(found)["together"].alerts == ("NatsMetaLeaderMissing", "NatsConsumerLagHigh")


def test_an_alert_of_one_object_is_that_objects_problem() -> None:
    one = fired("NatsConsumerLagHigh", *[(300.0 * index, 120.0) for index in range(9)])
    other = fired("NatsConsumerLagHigh", (4000.0, 120.0), consumer="D")
    text = advised(counted(one, other))["one_object"].text
    assert text.startswith("9 of 10 times NatsConsumerLagHigh fired on nats=main, account=A")


def test_warnings_of_the_night_call_for_quiet_hours() -> None:
    nights = [(24.0 * 60 * day + 12 * 60, 30.0) for day in range(5)]
    assert (
        "add notify.quiet_hours"
        in advised(counted(fired("NatsConsumerSlow", *nights)))["quiet_hours"].text
    )


def test_alerts_that_never_fired_are_to_be_drilled() -> None:
    found = counted(
        fired("NatsConsumerLagHigh", (0, 30)),
        pending={"NatsConsumerStalled": 7, "NatsServerDown": 1},
    )
    assert "NatsConsumerStalled" in found.never
    assert "NatsConsumerLagHigh" not in found.never
    assert "ObsWatchdog" not in found.never
    texts = [
        each.text
        for each in advice(found, setting(SYSTEM, ALERTS, ZoneInfo("UTC")), TUNABLES)
        if each.kind == "never_fired"
    ]
    assert f"{len(found.never)} of {len(found.alerts)} alerts never fired in 7d" in texts[0]
    assert texts[1:] == [
        "NatsConsumerStalled never fired, but its condition became true 7 times and passed within "
        "its `for`."
    ]


def test_a_quiet_week_needs_no_table() -> None:
    found = counted()
    text = as_text(found, (), (), ZoneInfo("UTC"))
    assert "No alert fired." in text
    assert "0 pages" in text
    document = as_document(found, (), ())
    assert document["pages"]["within_budget"] is None
    assert document["alerts"][0]["median_seconds"] is None


@pytest.mark.parametrize("name", sorted(TUNABLES))
def test_whatever_an_alert_is_advised_can_be_written_into_the_spec(name: str) -> None:
    tunable = TUNABLES[name]
    severity = next(str(each.severity) for each in ALERTS if each.name == name)
    own = fired(name, *[(60.0 * index, 1.0) for index in range(6)], severity=severity)
    found = advised(counted(own))
    if "raise_for" in found:
        assert tunable.takes_for
        wanted = found["raise_for"].setting.partition("for: ")[2].rstrip("}")
        System.model_validate({**SPEC, "alerts": {name: {"for": wanted}}})
