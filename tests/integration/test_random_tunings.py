"""A tuning is refused with its place and a reason, or all that is built of it passes promtool."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from obs.alerts.definitions import ALERTS
from obs.alerts.rule_tests import promtool
from obs.alerts.targets import TARGETS, build
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.artifacts import yaml_text
from obs.spec.load import read_spec
from obs.spec.nats import Event, Group
from obs.spec.report import InvalidSpec
from obs.spec.system import System
from tests.integration.promtool import check_rules, judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC: dict[str, Any] = {
    "version": 1,
    "system": "shop",
    "sources": {
        "nats": {
            "main": {
                "monitor": ["http://nats:8222"],
                "collect": list(get_args(Group)),
                "client_connections": {"accounts": ["A"]},
                "connection": {"servers": ["nats://nats:4222"], "events": list(get_args(Event))},
            }
        },
        "aws": {
            "cloud": {
                "region": "us-east-1",
                "buses": [{"name": "b", "rules": ["r", "q"]}],
                "put_events": True,
                "targets": True,
                "work_queues": ["one"],
                "pipes": ["one"],
                "schedule_groups": ["one"],
                "api_destinations": ["one"],
                "archives": ["one"],
            }
        },
        "probe": {"edge": {"targets": [{"name": "api", "http": "https://api.example.com/"}]}},
        "canary": {"orders": {"nats": {"source": "main", "stream": "S", "subject": "s.canary"}}},
    },
    "ha": {"lease": {"nats": {"source": "main", "bucket": "obs-lease"}}},
    "slos": [
        {
            "name": "on-time",
            "service": "shop",
            "objective": 99.9,
            "sli": {"eventbridge": {"source": "cloud", "bus": "b"}},
        }
    ],
}
PLACE = re.compile(r"spec\.yaml:\d+: alerts\.\w+\.[\w.\[\]]+: .+")

seconds = st.one_of(st.integers(0, 7200), st.integers(0, 10**7), st.floats(0, 1e6))
durations = st.one_of(
    seconds.map(lambda value: f"{value:f}s"),
    st.integers(0, 2000).map(lambda value: f"{value}m"),
    st.integers(0, 48).map(lambda value: f"{value}h"),
)
numbers = st.one_of(
    st.integers(-1, 200),
    st.integers(0, 10**16),
    st.floats(-1, 120).map(lambda value: round(value, 3)),
    st.floats(-1e17, 1e17, allow_nan=False),
)
SETTINGS = {
    "above": numbers,
    "below": numbers,
    "window": st.one_of(st.integers(0, 1500).map(lambda value: f"{value}m"), durations),
    "min_events": st.one_of(st.integers(0, 100), st.integers(0, 10**12)),
    "for": durations,
    "severity": st.sampled_from(["critical", "warning", "info"]),
}


@st.composite
def tunings(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An alert and its tuning, of the fields that it has; sometimes for one object too."""
    alert = draw(st.sampled_from(ALERTS))
    limit = alert.when.panel_limit()
    fits = [field for field in SETTINGS if field in {*alert.when.tunable(), "for", "severity"}]
    fields = st.lists(st.sampled_from(fits), unique=True, min_size=1)

    def values(field: str) -> st.SearchStrategy[Any]:
        is_time = limit is not None and limit.unit == "seconds"
        return durations if is_time and field in ("above", "below") else SETTINGS[field]

    def tuned() -> dict[str, Any]:
        return {field: draw(values(field)) for field in draw(fields)}

    tuning = tuned()
    named = [label for label in alert.about.labels if label in ("consumer", "rule", "queue")]
    if draw(st.booleans()) and named:
        tuning["overrides"] = [{named[0]: "one", **tuned()}]
    return alert.name, tuning


def read(folder: Path, name: str, tuning: dict[str, Any]) -> System | None:
    """The system; None where the tuning is refused, which has to say where and why."""
    file = folder / "spec.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "alerts": {name: tuning}}))
    try:
        spec = read_spec([file], variables={})
        check_tuning(spec)
    except InvalidSpec as refused:
        for line in str(refused).splitlines():
            assert PLACE.search(line), line
        return None
    return spec.system


@example(("ObsWatchdog", {"for": "10m"}))
@example(("EventBridgeInvocationsLow", {"below": 0}))
@example(("EventBridgeFailedInvocations", {"window": "61s"}))
@example(("EventBridgeFailedInvocations", {"above": 999999999999, "window": "24h"}))
@example(("EventBridgeFailedInvocations", {"above": 19.5, "window": "59m", "for": "12h"}))
@example(("EventBridgeErrorRateHigh", {"above": 33.3333, "min_events": 999999999}))
@example(("EventBridgeErrorRateHigh", {"above": 0, "min_events": 1, "window": "1m"}))
@example(("NatsConsumerAckPendingFull", {"above": 99.9999}))
@example(("NatsConsumerLagHigh", {"above": 0.1, "for": "1s"}))
@example(("NatsConsumerLagSecondsHigh", {"above": "1234567.891s"}))
@example(("NatsConsumerLagSecondsHigh", {"above": "0s"}))
@example(("SloNoData", {"above": "23h", "for": "12h"}))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(tunings())
def test_each_is_refused_with_a_reason_or_passes(drawn: tuple[str, dict[str, Any]]) -> None:
    name, tuning = drawn
    with TemporaryDirectory() as place:
        folder = Path(place)
        system = read(folder, name, tuning)
        assume(system is not None)
        assert system is not None
        build(system, list(TARGETS))
        alerts = [tuned for tuned in tuned_alerts(system) if tuned.name == name]
        rules = rule_files(alerts, system)
        for file, document in rules.items():
            (folder / f"{file}.yaml").write_text(yaml_text(document))
        check_rules([folder / f"{file}.yaml" for file in rules])
        tests = promtool.tests_of(alerts, system, ".")
        for file, document in tests.items():
            (folder / f"{file}.yaml").write_text(yaml_text(document))
        verdicts = judged(folder, [f"{file}.yaml" for file in tests])
        assert all(verdicts.values()), (name, tuning)
