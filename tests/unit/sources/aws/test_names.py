"""Which names of a spec exist in an AWS account."""

import pytest

from obs.snapshot.aws import AwsNames, Rule
from obs.sources.aws.names import find
from obs.spec.named import Found
from obs.spec.watched import SpecName

ORDERS, REFUNDS = Rule("shop", "orders"), Rule("shop", "refunds")
LISTED = AwsNames(
    buses=("default", "shop"),
    rules=frozenset({ORDERS, REFUNDS}),
    disabled=frozenset({REFUNDS}),
    queues_like={"dql": ("dlq",)},
    queues_denied=frozenset({"secret"}),
)


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        (SpecName("bus", "shop"), True),
        (SpecName("bus", "sho*"), True),
        (SpecName("bus", "shops"), False),
        (SpecName("bus", "other-*"), False),
        (SpecName("rule", "orders", "shop"), True),
        (SpecName("rule", "orders", "sh*"), True),
        (SpecName("rule", "order", "shop"), False),
        (SpecName("rule", "orders", "default"), False),
        (SpecName("rule", "order", "shops"), None),  # its bus is missing
        (SpecName("queue", "dlq"), True),
        (SpecName("queue", "dql"), False),
        (SpecName("queue", "secret"), None),  # it may not be listed
    ],
)
def test_a_name_exists_where_something_matches_it(name: SpecName, exists: bool | None) -> None:
    assert find([name], LISTED)[0].exists is exists


def test_before_a_listing_nothing_is_missing() -> None:
    assert find([SpecName("bus", "shops")], None) == [Found(None)]


def test_the_rules_of_a_missing_bus_follow_from_it() -> None:
    assert find([SpecName("rule", "order", "shops")], LISTED) == [Found(None, follows=True)]


def test_a_rule_that_is_disabled_exists_but_delivers_nothing() -> None:
    (found,) = find([SpecName("rule", "refunds", "shop")], LISTED)
    assert (found.exists, found.idle) == (True, "is disabled: it delivers nothing")
    (found,) = find([SpecName("rule", "re*", "shop")], LISTED)
    assert found.idle == ""
