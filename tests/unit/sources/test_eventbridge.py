import pytest

from obs.snapshot import Rule
from obs.sources.eventbridge import kept_for, rule_dimensions

DAY = 86_400


@pytest.mark.parametrize(
    ("rule", "dimensions"),
    [
        (Rule("default", "r"), (("RuleName", "r"),)),
        (Rule("oms-events", "r"), (("EventBusName", "oms-events"), ("RuleName", "r"))),
        (
            Rule("aws.partner/example.com/1/x", "r"),
            (("EventBusName", "aws.partner/example.com/1/x"), ("RuleName", "r")),
        ),
    ],
)
def test_only_rules_on_the_default_bus_go_without_the_bus(
    rule: Rule, dimensions: tuple[tuple[str, str], ...]
) -> None:
    assert rule_dimensions(rule) == dimensions


@pytest.mark.parametrize(
    ("period", "days"), [(60, 15), (240, 15), (300, 63), (900, 63), (3600, 455), (86_400, 455)]
)
def test_the_shorter_the_period_the_sooner_aws_forgets_its_points(period: int, days: int) -> None:
    assert kept_for(period) == days * DAY
