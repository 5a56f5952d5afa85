import pytest

from obs.catalogue.aws import DELIVERY_LATENCY_MAX
from obs.clients.metric_data import MetricSeries
from obs.snapshot.aws import Rule
from obs.sources.aws.rule_series import rule_dimensions, rule_series


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


def test_a_series_is_one_statistic_of_what_aws_publishes_of_the_rule() -> None:
    assert DELIVERY_LATENCY_MAX.aws is not None
    assert rule_series(Rule("default", "r"), DELIVERY_LATENCY_MAX.aws) == MetricSeries(
        "AWS/Events", "IngestionToInvocationSuccessLatency", "Maximum", (("RuleName", "r"),)
    )
