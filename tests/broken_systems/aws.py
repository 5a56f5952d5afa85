"""EventBridge systems of which the spec names something that does not exist."""

from collections.abc import Iterator
from pathlib import Path

from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from tests.broken_systems.watching import Outcome, Watched, all_at_once, running

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def mistyped(folder: Path) -> Iterator[Outcome]:
    """A bus and a rule."""
    with AwsEmulator() as emulator:
        aws_events.create_oms(emulator.endpoint_url)

        def watched(name: str, short: str, bus: str, rule: str) -> Watched:
            aws = {"endpoint_url": emulator.endpoint_url, "buses": [{"name": bus, "rules": [rule]}]}
            return Watched(name, folder / short, aws=aws, environment=ENVIRONMENT)

        bus, rule = "oms-events", "oms-schema-changed"
        well = watched("as it should be", "well", bus, rule)
        no_bus = watched("a bus is mistyped", "bus", bus[:-1], rule)
        no_rule = watched("a rule is mistyped", "rule", bus, rule[:-1])
        with running(well, no_bus, no_rule):
            all_at_once(well.well, no_bus.broken, no_rule.broken)
            yield no_bus.outcome(well)
            yield no_rule.outcome(well)
