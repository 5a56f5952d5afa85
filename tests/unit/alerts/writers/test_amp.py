"""Rule groups namespaces of Amazon Managed Prometheus."""

from typing import Any

import pytest
import yaml

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import amp
from obs.alerts.writers.prometheus import rule_files
from obs.errors import BadInput
from obs.spec.system import System

SPEC: dict[str, Any] = {
    "version": 1,
    "system": "orders",
    "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
}


def test_each_rule_file_is_a_namespace_of_the_workspace() -> None:
    system = System.model_validate(SPEC)
    files = rule_files(tuned_alerts(system), system)
    resources = amp.template(files, system)["Resources"]
    assert list(resources) == ["RulesNats", "RulesCollector"]
    for (name, rules), resource in zip(files.items(), resources.values(), strict=True):
        properties = resource["Properties"]
        assert resource["Type"] == "AWS::APS::RuleGroupsNamespace"
        assert properties["Name"] == f"orders-production-{name}"
        assert properties["Workspace"] == {"Ref": "WorkspaceArn"}
        assert yaml.safe_load(properties["Data"]) == rules


def test_names_stay_within_what_aws_takes() -> None:
    system = System.model_validate({**SPEC, "system": "s" * 64})
    resources = amp.template({"nats": {"groups": []}, "slo": {"groups": []}}, system)["Resources"]
    names = [resource["Properties"]["Name"] for resource in resources.values()]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 64


def test_more_rules_than_aws_takes_are_refused() -> None:
    group = {"name": "g", "rules": [{"alert": "A", "expr": "x" * amp.LARGEST}]}
    with pytest.raises(BadInput, match="the slo rules are larger"):
        amp.template({"slo": {"groups": [group]}}, System.model_validate(SPEC))
