"""Shards of an account have every rule and every queue once."""

from typing import Any, cast

from obs.clients.aws import AwsClient
from obs.sources.aws.costs import source_cost
from obs.sources.aws.inventory import Inventory, take_inventory
from obs.sources.kind import Publishing
from obs.spec.aws import AwsSource, Bus
from obs.spec.shard import Portion, Shard

QUEUE = "arn:aws:sqs:us-east-1:111122223333:dead-{}"


class Account:
    """Thirty rules on one bus, each with a dead-letter queue that it shares with a few others."""

    def event_buses(self) -> dict[str, str]:
        return {"orders": "arn:aws:events:us-east-1:111122223333:event-bus/orders"}

    def rules(self, bus: str) -> dict[str, bool]:
        return {f"rule-{number:02d}": True for number in range(30)}

    def targets(self, bus: str, rule: str) -> list[dict[str, Any]]:
        arn = QUEUE.format(int(rule[-2:]) % 10)
        return [{"Id": "t", "Arn": "arn:aws:x", "DeadLetterConfig": {"Arn": arn}}]

    def queue_url(self, name: str) -> str:
        return f"https://sqs/{name}"


def inventory(share: Portion) -> Inventory:
    spec = AwsSource(region="us-east-1").of_share(share)
    return take_inventory(cast("AwsClient", Account()), spec, 0.0)


def test_rules_and_queues_are_divided_and_names_are_known_to_all() -> None:
    parts = [inventory(each) for each in Portion(Shard(1, 3), source="cloud").every()]
    rules = [rule.name for part in parts for rule in part.rules]
    assert sorted(rules) == sorted(Account().rules(""))
    assert min(len(part.rules) for part in parts) > 3
    queues = [queue.name for part in parts for queue in part.queues]
    assert sorted(queues) == [f"dead-{number}" for number in range(10)]
    for part in parts:
        assert {target.rule for target in part.targets} == set(part.rules)
        assert len(part.names.rules) == 30


def test_without_a_shard_an_inventory_is_whole() -> None:
    whole = inventory(Portion())
    assert (len(whole.rules), len(whole.queues)) == (30, 10)


def test_what_an_account_that_cannot_be_listed_costs_is_divided_too() -> None:
    spec = AwsSource(
        region="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        timeout="1s",
        buses=(Bus(name="orders", rules=tuple(Account().rules(""))),),
        queues=tuple(f"dead-{number}" for number in range(10)),
    )

    def units(share: Portion) -> float:
        cost = source_cost("cloud", spec.of_share(share), Publishing())
        assert cost.error is not None
        return sum(line.units for line in cost.estimate.lines)

    parts = [units(each) for each in Portion(Shard(1, 3), source="cloud").every()]
    assert sum(parts) == units(Portion())
    assert min(parts) > 0
