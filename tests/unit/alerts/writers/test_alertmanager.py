"""Alertmanager's configuration as values; that Alertmanager takes it, an integration test shows."""

from typing import Any

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.alertmanager import configuration
from obs.spec.system import System

SECRETS = {
    "chat": {"slack": {"api_url_file": "/run/slack", "channel": "#orders"}},
    "oncall": {"pagerduty": {"routing_key_file": "/run/pagerduty"}},
    "people": {
        "email": {
            "to": ["a@b.example", "c@b.example"],
            "from": "obs@b.example",
            "smarthost": "mail:587",
            "username": "obs",
            "password_file": "/run/mail",
        }
    },
    "hook": {"webhook": {"url_file": "/run/hook", "credentials_file": "/run/token"}},
    "topic": {"sns": {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}},
}


def built(**notify: Any) -> dict[str, Any]:
    whole = {
        "receivers": SECRETS,
        "routes": {"critical": {"to": list(SECRETS)}, "warning": {"to": ["chat"]}},
        **notify,
    }
    spec = {
        "version": 1,
        "system": "orders",
        "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
        "notify": whole,
    }
    system = System.model_validate(spec)
    assert system.notify is not None
    return configuration(tuned_alerts(system), system, system.notify)


def intervals(**hours: Any) -> list[dict[str, Any]]:
    document = built(
        quiet_hours={"nights": hours},
        routes={"critical": {"to": ["chat"]}, "warning": {"to": ["chat"], "quiet": ["nights"]}},
    )
    (interval,) = document["time_intervals"]
    assert interval["name"] == "nights"
    found: list[dict[str, Any]] = interval["time_intervals"]
    return found


def test_every_integration_tells_what_is_over_and_reads_its_secret_from_a_file() -> None:
    found = {
        kind: configs[0]
        for receiver in built()["receivers"]
        for kind, configs in receiver.items()
        if kind != "name"
    }
    assert [kind for kind, config in found.items() if not config["send_resolved"]] == []
    assert found["slack_configs"]["api_url_file"] == "/run/slack"
    assert found["pagerduty_configs"]["routing_key_file"] == "/run/pagerduty"
    assert found["email_configs"]["auth_password_file"] == "/run/mail"
    assert found["email_configs"]["to"] == "a@b.example, c@b.example"
    assert found["webhook_configs"]["url_file"] == "/run/hook"
    token = found["webhook_configs"]["http_config"]["authorization"]
    assert token == {"credentials_file": "/run/token"}
    assert found["sns_configs"]["sigv4"] == {"region": "eu-west-1"}


def test_receivers_that_no_route_leads_to_are_left_out() -> None:
    document = built(routes={"critical": {"to": ["oncall"]}, "warning": {"to": ["chat"]}})
    assert [receiver["name"] for receiver in document["receivers"]] == ["_nobody", "chat", "oncall"]


def test_what_belongs_to_no_system_of_the_spec_is_still_seen() -> None:
    route = built()["route"]
    assert route["receiver"] == "chat"
    assert [below["matchers"] for below in route["routes"]] == [
        ['managed_by="obs"', 'system="orders"', 'environment="production"']
    ]


def test_hours_within_a_day_are_one_interval() -> None:
    assert intervals(**{"from": "12:00", "until": "13:30", "days": ["monday"]}) == [
        {"times": [{"start_time": "12:00", "end_time": "13:30"}], "weekdays": ["monday"]}
    ]


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_hours_past_midnight_go_on_in_the_morning_after(timezone: str) -> None:
    place = {} if timezone == "UTC" else {"location": timezone}
    hours = {"from": "20:00", "until": "07:00", "days": ["sunday", "friday"], "timezone": timezone}
    assert intervals(**hours) == [
        {
            "times": [{"start_time": "20:00", "end_time": "24:00"}],
            "weekdays": ["friday", "sunday"],
            **place,
        },
        {
            "times": [{"start_time": "00:00", "end_time": "07:00"}],
            "weekdays": ["monday", "saturday"],
            **place,
        },
    ]


def test_hours_until_midnight_have_no_morning() -> None:
    assert intervals(**{"from": "20:00", "until": "00:00"}) == [
        {"times": [{"start_time": "20:00", "end_time": "24:00"}]}
    ]


def test_whole_days_have_no_times() -> None:
    assert intervals(days=["sunday", "saturday"]) == [{"weekdays": ["saturday", "sunday"]}]


def test_a_label_named_twice_for_grouping_is_named_once() -> None:
    assert built(group_by=["system", "team", "system"])["route"]["group_by"] == ["system", "team"]
