"""The CloudWatch series of an EventBridge rule."""

from obs.catalogue.metric import AwsMetric
from obs.clients.metric_data import MetricSeries
from obs.snapshot.aws import Rule


def rule_dimensions(rule: Rule) -> tuple[tuple[str, str], ...]:
    """The CloudWatch dimensions of a rule: on the default bus AWS leaves the bus out."""
    if rule.bus == "default":
        return (("RuleName", rule.name),)
    return (("EventBusName", rule.bus), ("RuleName", rule.name))


def rule_series(rule: Rule, twin: AwsMetric) -> MetricSeries:
    """The series of a rule's metric, as GetMetricData takes it."""
    return MetricSeries(twin.namespace, twin.metric, twin.statistic, rule_dimensions(rule))
