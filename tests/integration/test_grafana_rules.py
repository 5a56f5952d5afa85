"""What Grafana compares, judged as PromQL by the tests that are generated for Prometheus' rules."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from obs.alerts.alert import TunedAlert
from obs.alerts.conditions import ErrorRate, Increase, Quiet, Unconsumed
from obs.alerts.definitions import ALERTS
from obs.alerts.rule_tests import promtool
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import prometheus
from obs.artifacts import yaml_text
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.alert_shapes import of_each_shape
from tests.integration.promtool import judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

REFERENCE = Path(__file__).parents[2] / "collectors" / "oms.yaml"
COUNTED = (Increase, Quiet, ErrorRate, Unconsumed)


def as_promql(tuned: TunedAlert) -> str:
    """Grafana's queries and its comparison as one expression: `$A > 5 && …` with A put in."""
    query = tuned.when.grafana(tuned)
    condition = query.condition.replace("is_number($A)", "$A").replace("&&", "and")
    return re.sub(r"\$([A-Z])", lambda found: f"({query.queries[found[1]]})", condition)


def kept_by_grafana(case: str) -> bool:
    """Whether it is Grafana's state, and no expression, that keeps the alert of this case."""
    counted = {tuned.name for tuned in ALERTS if isinstance(tuned.when, COUNTED)}
    return case.split(maxsplit=1)[0] in counted and case.endswith(
        "goes on firing while its source is down"
    )


def written(folder: Path, alerts: Sequence[TunedAlert], system: System) -> list[str]:
    """Each alert by itself: a rule of Grafana's condition, and the tests of Prometheus' rule."""
    files = []
    for number, tuned in enumerate(alerts):
        rule = {**prometheus.alert_rule(tuned, system), "expr": as_promql(tuned)}
        rules = {"groups": [{"name": tuned.name, "rules": [rule]}]}
        (folder / f"{number}.rules").write_text(yaml_text(rules), encoding="utf-8")
        (document,) = promtool.tests_of([tuned], system, ".").values()
        document["rule_files"] = [f"{number}.rules"]
        document["tests"] = [
            each for each in document["tests"] if not kept_by_grafana(each["name"])
        ]
        path = folder / f"{number}-{tuned.name}.yaml"
        path.write_text(yaml_text(document), encoding="utf-8")
        files.append(path.name)
    return files


def test_grafana_compares_as_prometheus_does(tmp_path: Path) -> None:
    system = load([REFERENCE], variables={})
    alerts = of_each_shape(tuned_alerts(system))
    results = judged(tmp_path, written(tmp_path, alerts, system))
    assert [name for name, succeeded in results.items() if not succeeded] == []
