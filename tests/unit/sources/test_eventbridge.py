import pytest

from obs.snapshot import Rule
from obs.sources.eventbridge import retained_period, rule_dimensions

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
    ("age", "period"),
    [(0, 60), (15 * DAY - 1, 60), (15 * DAY, 300), (63 * DAY - 1, 300), (90 * DAY, 3600)],
)
def test_the_older_the_points_the_coarser_aws_keeps_them(age: float, period: int) -> None:
    assert retained_period(age) == period


def test_aws_keeps_nothing_beyond_455_days() -> None:
    with pytest.raises(ValueError, match="455 days"):
        retained_period(455 * DAY)
