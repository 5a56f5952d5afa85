"""The built rules in evaluators that only some machines have: a newer promtool, and vmalert.

Both are Go modules. With Go, `go install` of github.com/prometheus/prometheus/cmd/promtool@v0.305.0
gives promtool of Prometheus 3.5, which is looked for as `promtool3`, and of
github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert@latest vmalert.
"""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from obs.alerts.targets import build
from obs.artifacts import write
from obs.spec.load import load
from tests.integration.promtool import needs

pytestmark = pytest.mark.integration

REFERENCE: Final = Path(__file__).parents[2] / "collectors" / "oms.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, build(load([REFERENCE], variables={}), ["prometheus", "recording", "promtool"]))
    return tmp_path


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"


@needs("promtool3")
def test_prometheus_3_takes_the_rules_and_they_pass_their_tests(folder: Path) -> None:
    rules = sorted(map(str, (*folder.glob("prometheus/*.yaml"), *folder.glob("recording/*.yaml"))))
    assert rules
    run(folder, "promtool3", "check", "rules", *rules)
    run(
        folder / "tests",
        "promtool3",
        "test",
        "rules",
        *sorted(path.name for path in (folder / "tests").glob("*.yaml")),
    )


@needs("vmalert")
def test_vmalert_takes_the_rules(folder: Path) -> None:
    run(folder, "vmalert", "-dryRun", "-rule=prometheus/*.yaml", "-rule=recording/*.yaml")
