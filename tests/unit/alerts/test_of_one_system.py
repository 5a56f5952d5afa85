"""All that is built asks for the series of its own system and environment, and for no others."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from obs.alerts.recording import recording_groups
from obs.alerts.routing import inhibitions
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.grafana import provisioning
from obs.alerts.writers.prometheus import rule_files
from obs.catalogue.declare import EXPORTED, RECORDED
from obs.dashboards.build import boards
from obs.spec.load import Spec, load
from obs.spec.system import System

REFERENCE = Path(__file__).parents[3] / "collectors" / "oms.yaml"
NAMES = "|".join(
    sorted((*EXPORTED, *RECORDED, "ALERTS", "ALERTS_FOR_STATE"), key=len, reverse=True)
)
SERIES = re.compile(rf"(?<![\w:])({NAMES})(?![\w:])(\{{[^}}]*\}})?")


@pytest.fixture(params=["production", "staging"])
def system(request: pytest.FixtureRequest) -> System:
    return load([REFERENCE], env=request.param, variables={})


def foreign(system: System, texts: Iterator[str]) -> tuple[int, list[str]]:
    """How many series the texts ask for, and those that may be of another system."""
    mine = [f'{label}="{value}"' for label, value in system.labels]
    found = [name + braces for text in texts for name, braces in SERIES.findall(text)]
    return len(found), [each for each in found if not all(label in each for label in mine)]


def test_alerts_and_what_their_annotations_ask_for(system: System) -> None:
    def texts() -> Iterator[str]:
        for document in rule_files(tuned_alerts(system), system).values():
            for rule in document["groups"][0]["rules"]:
                yield rule["expr"]
                yield from re.findall(r"printf `(.*?)`", rule["annotations"]["description"])

    count, others = foreign(system, texts())
    assert count > 100
    assert others == []


def test_alerts_in_grafana(system: System) -> None:
    def texts() -> Iterator[str]:
        for group in provisioning(tuned_alerts(system), system)["groups"]:
            for rule in group["rules"]:
                yield from (query["model"].get("expr", "") for query in rule["data"])

    count, others = foreign(system, texts())
    assert count > 100
    assert others == []


def test_recording_rules(system: System) -> None:
    groups = recording_groups(system)
    count, others = foreign(system, (rule["expr"] for each in groups for rule in each["rules"]))
    assert count > 20
    assert others == []


def test_panels_variables_and_annotations_of_dashboards(system: System) -> None:
    def texts() -> Iterator[str]:
        for board in boards(system):
            yield from _values(json.loads(json.dumps(board.json)), ("expr", "query"))

    count, others = foreign(system, texts())
    assert count > 100
    assert others == []


def _values(part: object, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _values(each, keys)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in keys and isinstance(value, str):
                yield value
            else:
                yield from _values(value, keys)


def test_inhibitions_touch_alerts_of_the_system_only(system: System) -> None:
    for rule in inhibitions(tuned_alerts(system), system):
        for side in (rule.source, rule.target):
            assert {(label, "=", value) for label, value in system.labels} <= set(side)


def test_each_source_has_an_alert_on_its_absence_that_can_be_switched_off(
    spec: Callable[..., Spec],
) -> None:
    def absent(text: str) -> list[str]:
        found = tuned_alerts(spec(text).system)
        return [dict(tuned.only)["source"] for tuned in found if tuned.name == "ObsSourceAbsent"]

    assert absent("") == ["main", "cloud"]
    off = "alerts: {ObsSourceAbsent: {overrides: [{source: main, enabled: false}]}}\n"
    assert absent(off) == ["cloud"]
    mild = "alerts: {ObsSourceAbsent: {overrides: [{source: main, severity: info}]}}\n"
    assert sorted(absent(mild)) == ["cloud", "main"]
