"""Thresholds of panels from alerts."""

from dataclasses import replace

import pytest

from obs.alerts.alert import Severity, TunedAlert
from obs.alerts.conditions import Above, Below, Condition, Equals
from obs.alerts.definitions import BY_NAME
from obs.catalogue import nats
from obs.dashboards.thresholds import ABOVE_NOTHING, Thresholds, steps

LAG = BY_NAME["NatsConsumerLagHigh"]


def tuned(when: Condition, severity: Severity = Severity.WARNING) -> TunedAlert:
    return TunedAlert(LAG, severity, when, 300, ())


def above(threshold: float) -> Above:
    return Above(nats.LAG_MESSAGES, threshold, "messages")


def below(threshold: float) -> Below:
    return Below(nats.EVICTION_SECONDS, threshold, "seconds")


def test_what_is_too_much_is_coloured_from_its_threshold_on() -> None:
    alerts = [tuned(above(100), Severity.CRITICAL), tuned(above(10))]
    assert steps(alerts) == [
        {"color": "green", "value": None},
        {"color": "orange", "value": 10},
        {"color": "red", "value": 100},
    ]


def test_what_is_too_little_is_coloured_up_to_its_threshold() -> None:
    alerts = [tuned(below(60)), tuned(below(10), Severity.CRITICAL)]
    assert steps(alerts) == [
        {"color": "red", "value": None},
        {"color": "orange", "value": 10},
        {"color": "green", "value": 60},
    ]


def test_nothing_at_all_is_not_coloured_where_an_alert_is_on_more_than_nothing() -> None:
    assert steps([tuned(above(0))])[1]["value"] == ABOVE_NOTHING > 0


def test_an_alert_on_a_state_has_no_step() -> None:
    assert steps([tuned(Equals(nats.STATUS, 3))]) == [{"color": "green", "value": None}]


def test_a_description_names_alerts_of_single_objects_too() -> None:
    own = replace(tuned(above(5000)), only=(("consumer", "slow-one"),), hold=0)
    limits = Thresholds({"consumer/lag": (tuned(above(1000)), own)}, ())
    assert limits.described("consumer/lag", "What is owed.") == (
        "What is owed.\n\n"
        "Alert NatsConsumerLagHigh: > 1000 for 5m, warning.\n"
        "Alert NatsConsumerLagHigh (slow-one): > 5000, warning."
    )
    assert limits.steps("consumer/lag")[1]["value"] == 1000


def test_a_panel_without_an_alert_compares_nothing() -> None:
    with pytest.raises(ValueError, match="no alert names the panel"):
        Thresholds({}, ()).condition("consumer/nothing")
