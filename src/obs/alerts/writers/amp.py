"""Rule groups namespaces of Amazon Managed Service for Prometheus, as a CloudFormation template."""

import re
from collections.abc import Mapping
from typing import Any, Final

from obs.alerts.writers.templates import REFERENCE
from obs.artifacts import yaml_text
from obs.errors import BadInput
from obs.ids import rule_uid
from obs.spec.system import System

RuleDocument = dict[str, Any]

LARGEST: Final = 1_000_000
"""Bytes a namespace's rules may have; AWS allows 1 MB, of a template as well."""
MOST_BYTES: Final = 600_000
"""Rules that go into one template, which has room for their quotes and for nothing else."""

_WORKSPACE: Final = {
    "Type": "String",
    "Description": "ARN of the workspace that evaluates the rules",
    "AllowedPattern": r"arn:aws[a-z-]*:aps:[a-z0-9-]+:[0-9]{12}:workspace/[A-Za-z0-9-]+",
}
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9]")
_LONGEST_NAME: Final = 64


def template(files: Mapping[str, RuleDocument], system: System) -> RuleDocument:
    """A template with a namespace for each rule file.

    Raises BadInput where the rules of one are more than AWS takes.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Alert rules of {system.system} ({system.environment})",
        "Parameters": {"WorkspaceArn": _WORKSPACE},
        "Resources": {
            f"Rules{_OUTSIDE.sub('', name.title())}": _namespace(name, document, system)
            for name, document in files.items()
        },
    }


def _namespace(name: str, document: RuleDocument, system: System) -> RuleDocument:
    data = yaml_text(_unresolved(document))
    if len(data.encode()) > LARGEST:
        raise BadInput(
            f"the {name} rules are larger than a namespace of Amazon Managed Prometheus may be "
            "(1 MB); split the spec into several systems"
        )
    return {
        "Type": "AWS::APS::RuleGroupsNamespace",
        "Properties": {
            "Workspace": {"Ref": "WorkspaceArn"},
            "Name": namespace_name(name, system),
            "Data": data,
            "Tags": [
                {"Key": "environment", "Value": system.environment},
                {"Key": "system", "Value": system.system},
            ],
        },
    }


def _unresolved(document: RuleDocument) -> RuleDocument:
    """The rules without `{{resolve:`, which CloudFormation would replace; PromQL reads the same."""
    groups = [
        {
            **group,
            "rules": [
                {**rule, "expr": rule["expr"].replace(REFERENCE, r"{\x7bresolve:")}
                for rule in group["rules"]
            ],
        }
        for group in document["groups"]
    ]
    return {**document, "groups": groups}


def namespace_name(name: str, system: System) -> str:
    """The name of the namespace that holds a rule file; at most 64 characters, as AWS allows."""
    whole = f"{system.full_name}-{name}"
    if len(whole) <= _LONGEST_NAME:
        return whole
    return f"{rule_uid(system.system, system.environment)}-{name}"
