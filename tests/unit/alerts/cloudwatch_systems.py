"""Specs of the CloudWatch tests, and what is built of them."""

import json
from pathlib import Path
from typing import Any

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch.files import files
from obs.spec.load import load
from obs.spec.system import System

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"
VARIABLES = {"NATS_PASSWORD": "x"}
BUS = "oms-events"
ONE, OTHER = "oms-schema-changed", "oms-object-changed"

SPEC = """\
version: 1
system: orders
sources:
  aws:
    cloud:
      region: eu-west-1
      buses: [{name: BUS, rules: [RULES]}]
      queues: [orders-dlq]
"""


def oms(env: str | None = None) -> System:
    """The reference system."""
    return load([OMS], env=env, variables=VARIABLES)


def orders(folder: Path, more: str = "", *, rules: int = 1, bus: str = "orders") -> System:
    """A system with so many rules on one bus; `more` is added to its spec."""
    names = ", ".join(f"rule-{number:03}" for number in range(rules))
    path = folder / "orders.yaml"
    path.write_text(SPEC.replace("BUS", bus).replace("RULES", names) + more)
    return load([path], env=None, variables=VARIABLES)


def built(system: System) -> dict[str, str]:
    """The files of the target, by path."""
    return dict(files(tuned_alerts(system), system))


def plan(system: System, aws: str = "cloud") -> dict[str, Any]:
    """The calls of the API that make the alarms of one AWS source."""
    calls: dict[str, Any] = json.loads(built(system)[f"cloudwatch/{aws}/plan.json"])
    return calls
