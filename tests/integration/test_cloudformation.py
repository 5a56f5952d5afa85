"""What is handed to AWS is what AWS' own tools take: cfn-lint and the model of the API."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from obs.spec.system import System
from tests.unit.alerts.cloudwatch_systems import built, oms, orders, plan

pytestmark = pytest.mark.integration


def systems(folder: Path) -> Iterator[System]:
    yield oms()
    yield oms("staging")
    yield orders(folder)
    yield orders(folder, rules=12)


def test_templates_pass_cfn_lint(tmp_path: Path) -> None:
    paths = []
    for number, system in enumerate(systems(tmp_path)):
        for path, text in built(system).items():
            if "cloudformation" in path:
                paths.append(tmp_path / f"{number}-{Path(path).name}")
                paths[-1].write_text(text)
    lint = Path(sys.executable).with_name("cfn-lint")
    result = subprocess.run([lint, "--", *paths], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_cfn_lint_would_find_a_mistake(tmp_path: Path) -> None:
    system = orders(tmp_path)
    template = json.loads(built(system)["cloudwatch/cloud/cloudformation.json"])
    alarm = template["Resources"]["OrdersEventbridgeFailedInvocations"]
    alarm["Properties"]["ComparisonOperator"] = "Above"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(template))
    lint = Path(sys.executable).with_name("cfn-lint")
    assert subprocess.run([lint, path], capture_output=True, check=False).returncode != 0


def test_plans_fit_the_model_of_the_api(tmp_path: Path) -> None:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    for system in systems(tmp_path):
        made = plan(system)
        for operation in ("PutMetricAlarm", "PutCompositeAlarm"):
            shape = model.operation_model(operation).input_shape
            assert shape is not None
            for parameters in made[operation]:
                report = ParamValidator().validate(parameters, shape)
                assert not report.has_errors(), report.generate_report()
                assert _enumerations(parameters, shape) == []


def _enumerations(value: Any, shape: Shape) -> list[str]:
    """Values outside an enumeration, which botocore itself leaves to the service."""
    if isinstance(shape, StructureShape):
        return [
            wrong
            for name, inner in value.items()
            for wrong in _enumerations(inner, shape.members[name])
        ]
    if isinstance(shape, ListShape):
        return [wrong for inner in value for wrong in _enumerations(inner, shape.member)]
    allowed = getattr(shape, "enum", None)
    return [f"{value} is none of {allowed}"] if allowed and value not in allowed else []
