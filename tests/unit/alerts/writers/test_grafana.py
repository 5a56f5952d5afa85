"""Grafana's provisioning file: its form, its names, and what it says of missing answers."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from obs.alerts.conditions import ErrorRate, Increase, Quiet
from obs.alerts.definitions import BY_NAME, SOURCE_KIND
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.grafana import groups, provisioning
from obs.ids import panel_id
from obs.spec.system import System
from tests.unit.alerts.test_tuning import ON_REQUEST

SPEC: dict[str, Any] = {
    "version": 1,
    "system": "orders",
    "sources": {
        "nats": {"main": {"monitor": ["http://nats:8222"]}},
        "aws": {"shop": {"region": "eu-west-1"}},
    },
    "slos": [
        {
            "name": name,
            "service": "shop",
            "objective": 99.9,
            "window": window,
            "sli": {"eventbridge": {"source": "shop", "bus": "shop"}},
        }
        for name, window in (("delivery", "30d"), ("weekly", "7d"))
    ],
}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
DURATION = {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$", "minLength": 2}
RANGE = closed({"from": {"type": "integer", "minimum": 0}, "to": {"const": 0}})
REF = {"type": "string", "pattern": "^[A-Z]$"}
QUERY = closed(
    {
        "refId": REF,
        "datasource": closed({"type": {"const": "prometheus"}, "uid": TEXT}),
        "expr": TEXT,
        "instant": {"const": True},
        "range": {"const": False},
    }
)
MATH = closed(
    {
        "refId": REF,
        "datasource": closed({"type": {"const": "__expr__"}, "uid": {"const": "__expr__"}}),
        "type": {"const": "math"},
        "expression": TEXT,
    }
)
RULE = closed(
    {
        "uid": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"},
        "title": {"type": "string", "minLength": 1, "maxLength": 190},
        "condition": REF,
        "data": {
            "type": "array",
            "minItems": 2,
            "items": closed(
                {
                    "refId": REF,
                    "relativeTimeRange": RANGE,
                    "datasourceUid": TEXT,
                    "model": {"oneOf": [QUERY, MATH]},
                }
            ),
        },
        "noDataState": {"enum": ["NoData", "Alerting", "OK", "KeepLast"]},
        "execErrState": {"enum": ["Error", "Alerting", "OK", "KeepLast"]},
        "for": DURATION,
        "dashboardUid": {"type": "string", "pattern": "^[a-z0-9_-]{1,40}$"},
        "panelId": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "annotations": closed(
            {"summary": TEXT, "description": TEXT, "runbook_url": TEXT}, dashboard_url=TEXT
        ),
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    missing_series_evals_to_resolve={"type": "integer", "minimum": 1},
)
FILE = closed(
    {
        "apiVersion": {"const": 1},
        "groups": {
            "type": "array",
            "minItems": 1,
            "items": closed(
                {
                    "orgId": {"type": "integer", "minimum": 1},
                    "name": TEXT,
                    "folder": TEXT,
                    "interval": DURATION,
                    "rules": {"type": "array", "minItems": 1, "items": RULE},
                }
            ),
        },
    }
)


def system(**fields: Any) -> System:
    return System.model_validate({**SPEC, **fields})


def document(**fields: Any) -> dict[str, Any]:
    whole = system(**fields)
    return provisioning(tuned_alerts(whole), whole)


def rules(**fields: Any) -> dict[str, dict[str, Any]]:
    found = [rule for group in document(**fields)["groups"] for rule in group["rules"]]
    titles = {rule["title"]: rule for rule in found}
    assert len(titles) == len(found) == len({rule["uid"] for rule in found})
    return titles


def test_a_link_chooses_the_object_in_grafana_s_own_words() -> None:
    found = rules(links={"grafana": "https://grafana.example"})["NatsServerDown"]["annotations"]
    assert found["dashboard_url"].endswith(
        f"/d/obs-orders-servers?viewPanel={panel_id('servers/up')}"
        "&var-nats={{ .Labels.nats | urlquery }}&var-server={{ .Labels.server | urlquery }}"
    )


OVERRIDES = {
    "NatsConsumerLagHigh": {"overrides": [{"stream": "A", "above": 5}, {"consumer": "b"}]},
    "SloBudgetBurnsFast": {"overrides": [{"slo": "weekly", "min_events": 9}]},
}


@pytest.mark.parametrize("alerts", [{}, OVERRIDES])
def test_the_file_has_the_form_that_grafana_reads(alerts: dict[str, Any]) -> None:
    built = document(alerts=alerts, links={"grafana": "https://grafana.example"})
    assert [error.message for error in Draft202012Validator(FILE).iter_errors(built)] == []
    assert rules(alerts=alerts)


def test_every_alert_is_there_and_asks_for_what_its_condition_names() -> None:
    found = rules()
    elsewhere = {name for name, kind in SOURCE_KIND.items() if not system().sources.of(kind)}
    assert {title.split()[0] for title in found} == set(BY_NAME) - elsewhere - ON_REQUEST
    for rule in found.values():
        letters = {query["refId"] for query in rule["data"]}
        expression = rule["data"][-1]["model"]["expression"]
        assert rule["condition"] == rule["data"][-1]["refId"]
        assert set(re.findall(r"\$([A-Z])", expression)) <= letters - {rule["condition"]}


def test_a_rule_keeps_its_uid_whatever_is_tuned() -> None:
    tuning = {"NatsConsumerLagHigh": {"above": 9, "for": "1h", "severity": "critical"}}
    plain, tuned = rules(), rules(alerts={**tuning, **OVERRIDES})
    for title, rule in plain.items():
        if not title.startswith("SloBudgetBurnsFast"):
            assert tuned[title]["uid"] == rule["uid"]
    assert rules(environment="staging")["NatsConsumerLagHigh"]["uid"] not in {
        rule["uid"] for rule in plain.values()
    }


def test_a_threshold_that_is_tuned_is_what_grafana_compares_with() -> None:
    found = rules(
        alerts={
            "NatsConsumerLagHigh": {"above": 5000, "for": "10m"},
            "EventBridgeErrorRateHigh": {"above": 20, "min_events": 33},
        }
    )
    lag, rate = found["NatsConsumerLagHigh"], found["EventBridgeErrorRateHigh"]
    assert (lag["data"][-1]["model"]["expression"], lag["for"]) == ("$A > 5000", "10m")
    assert rate["data"][-1]["model"]["expression"] == "$A > 20 && $B >= 33"


def test_counters_are_asked_for_only_while_their_source_is_up_and_keep_their_state() -> None:
    whole = system()
    found = rules()
    for tuned in tuned_alerts(whole):
        if not isinstance(tuned.when, Increase | Quiet | ErrorRate):
            continue
        kept = bool(tuned.alert.keep_firing)
        queries = tuned.when.grafana(tuned).queries.values()
        assert [query for query in queries if (" == 1" in query) != kept] == []
        rule = found[tuned.name]
        assert rule["noDataState"] == ("KeepLast" if kept else "OK")
        assert rule.get("missing_series_evals_to_resolve") == (60 if kept else None)


def test_a_source_that_never_answered_is_told_apart_from_one_that_fell_silent() -> None:
    rule = rules()["ObsSourceDown"]
    (last,) = [query for query in rule["data"] if query["refId"] == "E"]
    assert last["model"]["expr"] == (
        "max by (source) (obs_source_last_success_timestamp_seconds"
        '{environment="production",system="orders"})'
    )
    assert rule["annotations"]["description"].endswith(
        '{{ if not (index .Values "E").Labels }}, none since the collector started{{ end }} '
        "(more than 30 % of stale_after)."
    )


def test_gauges_end_when_they_are_gone_as_the_query_holds_them_itself() -> None:
    rule = rules()["NatsConsumerEvictionAhead"]
    assert rule["noDataState"] == "OK"
    assert "missing_series_evals_to_resolve" not in rule
    assert "last_over_time" in rule["data"][0]["model"]["expr"]


def test_no_answer_from_prometheus_is_told_once_and_silences_the_watchdog() -> None:
    states = {title: rule["execErrState"] for title, rule in rules().items()}
    assert states.pop("ObsCollectorAbsent") == "Alerting"
    assert states.pop("ObsWatchdog") == "OK"
    assert set(states.values()) == {"KeepLast"}


def test_nothing_is_asked_about_prometheus_own_alerts() -> None:
    expressions = [
        query["model"]["expr"] for rule in rules().values() for query in rule["data"][:-1]
    ]
    assert [expression for expression in expressions if "ALERTS" in expression] == []


def test_dollars_are_doubled_in_labels_and_avoided_in_annotations() -> None:
    found = rules(alerts={"NatsConsumerLagHigh": {"labels": {"team": "a$b"}}})
    assert found["NatsConsumerLagHigh"]["labels"]["team"] == "a$$b"
    annotations = [text for rule in found.values() for text in rule["annotations"].values()]
    assert [text for text in annotations if "$" in text] == []


def test_titles_and_folders_are_read_from_the_file_as_they_are() -> None:
    lag = {"overrides": [{"account": "$G", "stream": "S"}]}
    spec = {"alerts": {"NatsConsumerLagHigh": lag}, "targets": {"grafana": {"folder": "a$b"}}}
    found = document(**spec)["groups"]
    assert {group["folder"] for group in found} == {"a$$b"}
    titles = [rule["title"] for group in found for rule in group["rules"]]
    assert "NatsConsumerLagHigh account=$$G stream=S" in titles
    by_api = groups(tuned_alerts(system(**spec)), system(**spec))
    assert {group["folder"] for group in by_api} == {"a$b"}
    assert "account=$G stream=S" in str(by_api)


def test_a_title_fits_at_the_limit_and_keeps_its_rule_s_uid_and_others_apart() -> None:
    at, above, other = "s" * (190 - len("NatsConsumerLagHigh stream=")), "s" * 200, "s" * 201
    overrides = [{"stream": name} for name in (at, above, other)]
    found = rules(alerts={"NatsConsumerLagHigh": {"overrides": overrides}})
    titles = [title for title in found if "stream=s" in title]
    assert f"NatsConsumerLagHigh stream={at}" in titles
    assert len(titles) == len({found[title]["uid"] for title in titles}) == 3
    assert {len(title) for title in titles} == {190}


def test_folder_datasource_and_organisation_are_the_specs() -> None:
    grafana = {"folder": "Events", "datasource": "mimir", "org": 3}
    for group in document(targets={"grafana": grafana})["groups"]:
        assert (group["folder"], group["orgId"]) == ("Events", 3)
        for rule in group["rules"]:
            *queries, _ = rule["data"]
            assert {query["datasourceUid"] for query in queries} == {"mimir"}
            assert {query["model"]["datasource"]["uid"] for query in queries} == {"mimir"}
