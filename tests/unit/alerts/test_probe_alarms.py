"""CloudWatch alarms on what is probed."""

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.spec.system import System

SPEC = {
    "version": 1,
    "system": "shop",
    "sources": {
        "aws": {"cloud": {"region": "us-east-1"}},
        "probe": {
            "edge": {
                "targets": [
                    {"name": "api", "http": "https://api.example.com/ready"},
                    {"name": "db", "tcp": "db.example.com:5432"},
                ]
            }
        },
    },
    "outputs": {
        "cloudwatch": {
            "source": "cloud",
            "namespace": "Shop",
            "metrics": ["probe_target_consecutive_failures"],
        }
    },
}


def test_each_target_has_an_alarm_where_its_metric_is_published() -> None:
    system = System.model_validate(SPEC)
    found = {alarm.name for alarm in alarms_of(tuned_alerts(system), system, "cloud").all}
    failing = {name for name in found if "probe" in name}
    assert failing == {"shop-probe-failing-edge-api", "shop-probe-failing-edge-db"}
