"""AlertmanagerConfig objects: names of fields and Secrets as their custom resource has them."""

from typing import Any

import pytest

from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.alertmanager import fragment
from obs.alerts.writers.alertmanager_object import alertmanager_config
from obs.errors import BadInput
from obs.spec.system import System

SECRETS = "/etc/alertmanager/secrets"
RECEIVERS = {
    "chat": {"slack": {"api_url_file": f"{SECRETS}/slack/url", "channel": "#orders"}},
    "oncall": {"pagerduty": {"routing_key_file": "/run/pagerduty"}},
    "people": {
        "email": {
            "to": ["a@b.example", "c@b.example"],
            "from": "obs@b.example",
            "smarthost": "mail:587",
            "username": "obs",
            "password_file": f"{SECRETS}/mail/password",
        }
    },
    "hook": {"webhook": {"url_file": "/run/hook", "credentials_file": "/run/token"}},
    "topic": {
        "sns": {
            "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders",
            "role_arn": "arn:aws:iam::123456789012:role/alerts",
        }
    },
}


def system(zone: str = "UTC", **more: Any) -> System:
    hours = {"from": "20:00", "until": "07:00", "timezone": zone}
    return System.model_validate(
        {
            "version": 1,
            "system": "orders",
            "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
            "notify": {
                "receivers": RECEIVERS,
                "routes": {
                    "critical": {"to": list(RECEIVERS)},
                    "warning": {"to": ["chat"], "quiet": ["nights"]},
                },
                "quiet_hours": {"nights": hours},
            },
            **more,
        }
    )


def built(of: System) -> dict[str, Any]:
    assert of.notify is not None
    return alertmanager_config(tuned_alerts(of), of, of.notify)


def test_files_become_secrets_and_fields_have_the_names_of_the_custom_resource() -> None:
    found = {each["name"]: each for each in built(system())["spec"]["receivers"]}
    own = "obs-orders-production-alertmanager"
    (slack,) = found["chat"]["slackConfigs"]
    assert slack["apiURL"] == {"name": "slack", "key": "url"}
    assert slack["sendResolved"]
    assert "runbook_url" in slack["titleLink"]
    (pager,) = found["oncall"]["pagerdutyConfigs"]
    assert pager["routingKey"] == {"name": own, "key": "pagerduty"}
    assert [each["key"] for each in pager["details"]] == ["alerts"]
    (mail,) = found["people"]["emailConfigs"]
    assert mail["authPassword"] == {"name": "mail", "key": "password"}
    assert (mail["authUsername"], mail["requireTLS"]) == ("obs", True)
    assert [each["key"] for each in mail["headers"]] == ["Subject"]
    (hook,) = found["hook"]["webhookConfigs"]
    assert hook["urlSecret"] == {"name": own, "key": "hook"}
    token = {"name": own, "key": "token"}
    assert hook["httpConfig"]["authorization"] == {"credentials": token}
    (topic,) = found["topic"]["snsConfigs"]
    assert topic["topicARN"] == "arn:aws:sns:eu-west-1:123456789012:orders"
    assert topic["sigv4"]["roleArn"] == "arn:aws:iam::123456789012:role/alerts"
    assert found["_nobody"] == {"name": "_nobody"}


def test_its_route_and_its_inhibition_rules_are_about_our_alerts_only() -> None:
    document = built(system(targets={"operator": {"namespace": "monitoring", "labels": {}}}))
    assert document["metadata"] == {
        "name": "obs-orders-production-alertmanager",
        "namespace": "monitoring",
    }
    ours = {"name": "managed_by", "matchType": "=", "value": "obs"}
    spec = document["spec"]
    assert ours in spec["route"]["matchers"]
    for rule in spec["inhibitRules"]:
        assert ours in rule["sourceMatch"]
        assert ours in rule["targetMatch"]
    (hours,) = spec["muteTimeIntervals"]
    assert hours["timeIntervals"][0]["times"] == [{"startTime": "20:00", "endTime": "24:00"}]
    muted = [route for route in spec["route"]["routes"] if "muteTimeIntervals" in route]
    assert [route["muteTimeIntervals"] for route in muted] == [["nights"]]


def test_hours_of_another_zone_cannot_be_expressed() -> None:
    with pytest.raises(
        BadInput, match=r"notify\.quiet_hours\.nights: an AlertmanagerConfig has no"
    ):
        built(system("Europe/Berlin"))


def test_a_fragment_has_names_of_its_own_and_no_root() -> None:
    orders = system()
    assert orders.notify is not None
    part = fragment(tuned_alerts(orders), orders, orders.notify)
    assert set(part) == {"route", "inhibit_rules", "time_intervals", "receivers"}
    assert set(part["route"]) == {"routes"}
    (route,) = part["route"]["routes"]
    assert route["receiver"] == "obs-orders-production-chat"
    assert route["group_by"] == ["system", "environment", "alertname"]
    named = {each["name"] for each in (*part["receivers"], *part["time_intervals"])}
    used = {below["receiver"] for below in route["routes"]}
    used |= {name for below in route["routes"] for name in below.get("mute_time_intervals", ())}
    assert used <= named
    assert all(name.startswith("obs-orders-production-") for name in named)


@pytest.mark.parametrize("target", ["alertmanager-fragment", "operator-alertmanager"])
def test_without_receivers_nothing_is_built(target: str) -> None:
    assert build(system(notify=None), [target]) == {target: {}}
