"""PrometheusRule objects, against the structure of their custom resource."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.operator import inside_helm, object_name, prometheus_rule
from obs.alerts.writers.prometheus import rule_files
from obs.spec.system import System

SPEC: dict[str, Any] = {
    "version": 1,
    "system": "Orders_v2",
    "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
}
DURATION = {
    "type": "string",
    "minLength": 1,
    "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?"
    r"(([0-9]+)ms)?)$",
}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
RULE = {
    "type": "object",
    "properties": {
        "alert": {"type": "string"},
        "record": {"type": "string"},
        "expr": {"type": ["string", "integer"]},
        "for": DURATION,
        "keep_firing_for": DURATION,
        "labels": TEXTS,
        "annotations": TEXTS,
    },
    "required": ["expr"],
    "additionalProperties": False,
    "oneOf": [{"required": ["alert"]}, {"required": ["record"]}],
}
GROUP = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "interval": DURATION,
        "limit": {"type": "integer"},
        "query_offset": DURATION,
        "partial_response_strategy": {"enum": ["", "abort", "warn"]},
        "labels": TEXTS,
        "rules": {"type": "array", "items": RULE},
    },
    "required": ["name"],
    "additionalProperties": False,
}
OBJECT = {
    "type": "object",
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "PrometheusRule"},
        "metadata": {
            "type": "object",
            "properties": {
                "name": {
                    "type": "string",
                    "maxLength": 253,
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                },
                "namespace": {"type": "string"},
                "labels": TEXTS,
            },
            "required": ["name"],
            "additionalProperties": False,
        },
        "spec": {
            "type": "object",
            "properties": {"groups": {"type": "array", "items": GROUP}},
            "required": ["groups"],
            "additionalProperties": False,
        },
    },
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
}


def built(**operator: Any) -> dict[str, Any]:
    system = System.model_validate({**SPEC, "targets": {"operator": operator}})
    (nats, *_) = rule_files(tuned_alerts(system), system).items()
    return prometheus_rule(*nats, system)


@pytest.mark.parametrize(
    "operator", [{}, {"namespace": "monitoring", "labels": {"release": "prom"}}, {"labels": {}}]
)
def test_an_object_has_the_structure_of_its_custom_resource(operator: dict[str, Any]) -> None:
    errors = Draft202012Validator(OBJECT).iter_errors(built(**operator))
    assert [error.message for error in errors] == []


def test_the_labels_that_a_selector_looks_for_are_the_specs() -> None:
    assert built()["metadata"] == {
        "name": "obs-orders-v2-production-3cfd60d2-nats",
        "labels": {"prometheus": "k8s", "role": "alert-rules"},
    }
    assert built(namespace="monitoring", labels={"release": "prom"})["metadata"] == {
        "name": "obs-orders-v2-production-3cfd60d2-nats",
        "namespace": "monitoring",
        "labels": {"release": "prom"},
    }
    assert "labels" not in built(labels={})["metadata"]


def test_names_fit_kubernetes_whatever_the_system_is_called() -> None:
    system = System.model_validate({**SPEC, "system": "A..b__C-", "environment": "x" * 64})
    name = object_name(system, "nats")
    assert name.startswith(f"obs-a-b-c-{'x' * 64}-")
    assert name.endswith("-nats")
    assert re.fullmatch(r"[a-z0-9-]{1,253}", name)


def test_systems_that_differ_by_punctuation_or_case_have_objects_of_their_own() -> None:
    names = ["shop-eu", "shop_eu", "shop.eu", "Shop-eu"]
    systems = [System.model_validate({**SPEC, "system": name}) for name in names]
    assert len({object_name(system, "nats") for system in systems}) == len(names)
    assert object_name(systems[0], "nats") == "obs-shop-eu-production-nats"


def test_templates_are_quoted_for_helm_and_all_else_stays() -> None:
    quoted = "a {{`{{`}} $labels.x {{`}}`}} b"
    assert inside_helm("a {{ $labels.x }} b") == quoted
    assert inside_helm('rate(x{a="b"}[5m]) > 1') == 'rate(x{a="b"}[5m]) > 1'
