"""Rules inside other documents, in the hands of the tools that read them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from obs.alerts.targets import build
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.promtool import check_rules, needs_promtool

pytestmark = pytest.mark.integration

REFERENCE = Path(__file__).parents[2] / "collectors" / "oms.yaml"


@pytest.fixture(scope="module")
def system() -> System:
    return load([REFERENCE], variables={})


def written(folder: Path, rules: list[str]) -> list[Path]:
    paths = [folder / f"{number}.yaml" for number, _ in enumerate(rules)]
    for path, text in zip(paths, rules, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


@needs_promtool
def test_promtool_finds_no_fault_with_the_rules_of_the_operators_objects(
    system: System, tmp_path: Path
) -> None:
    objects = map(yaml.safe_load, build(system, ["operator"])["operator"].values())
    paths = written(tmp_path, [yaml.safe_dump(each["spec"]) for each in objects])
    assert len(paths) == 5
    assert "FAILED" not in check_rules(paths)


@needs_promtool
def test_promtool_finds_no_fault_with_the_rules_of_amazon_managed_prometheus(
    system: System, tmp_path: Path
) -> None:
    found = [
        resource["Properties"]["Data"]
        for text in build(system, ["amp"])["amp"].values()
        for resource in json.loads(text)["Resources"].values()
    ]
    paths = written(tmp_path, found)
    assert len(paths) == 5
    assert "FAILED" not in check_rules(paths)


def test_cfn_lint_finds_no_fault_with_the_templates(system: System, tmp_path: Path) -> None:
    paths = written(tmp_path, list(build(system, ["amp"])["amp"].values()))
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [cfn_lint, "--regions", "us-east-1", "--", *paths],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(
    shutil.which("amtool") is None,
    reason="amtool, which renders Go templates, is not installed (Debian: prometheus-alertmanager)",
)
def test_go_renders_the_helm_variant_to_the_plain_one(system: System, tmp_path: Path) -> None:
    plain, helm = (build(system, [name])[name] for name in ("operator", "operator-helm"))
    empty = tmp_path / "none.tmpl"
    empty.write_text("", encoding="utf-8")
    for path, text in helm.items():
        rendered = subprocess.run(
            ["amtool", "template", "render", f"--template.glob={empty}", "--template.text", text],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
        assert rendered == plain[path.replace("operator-helm/", "operator/")]
        assert (rendered != text) == ("{{" in rendered)
