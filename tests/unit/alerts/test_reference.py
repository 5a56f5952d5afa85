"""What stands in alerts/ is what the reference spec builds."""

from pathlib import Path

from obs.alerts.targets import DEFAULT, build
from obs.artifacts import drift
from obs.spec.load import load

ROOT = Path(__file__).parents[3]


def test_the_built_alerts_have_not_drifted() -> None:
    """`obs alerts build --spec collectors/oms.yaml --out alerts` mends it."""
    system = load([ROOT / "collectors" / "oms.yaml"], variables={})
    assert list(drift(ROOT / "alerts", build(system, DEFAULT))) == []
