"""What an emulated account was fed for the rules of the OMS, and what follows from it."""

from collections.abc import Mapping
from typing import Final

from obs.catalogue.aws import RULE_METRICS
from obs.sandbox import aws_events
from obs.snapshot.aws import Rule
from tests.integration.aws_fixtures import Fed
from tests.integration.collector_process import Scrape, key

SCHEMA: Final = Rule("oms-events", "oms-schema-changed")
OBJECT: Final = Rule("oms-events", "oms-object-changed")


class Feed(Fed[tuple[Rule, str]]):
    """What AWS was fed for the rules, and what follows from it."""

    def __init__(self, endpoint_url: str) -> None:
        super().__init__()
        self._endpoint_url = endpoint_url

    def put(self, rule: Rule, metric: str, points: dict[int, float]) -> None:
        """Publish points; for a minute that has one, its correction."""
        self.put_together(rule, {metric: points})

    def put_together(self, rule: Rule, metrics: Mapping[str, Mapping[int, float]]) -> None:
        """The same of several metrics, of which no poll sees some without the others."""
        aws_events.put_rule_points(self._endpoint_url, rule.bus, rule.name, metrics)
        for metric, points in metrics.items():
            self.note((rule, metric), points)

    def counters(self, since: int) -> Scrape:
        """The samples that counters which began at `since` must show."""
        return {
            key(metric.name, aws="aws", bus=rule.bus, rule=rule.name): self.total(
                (rule, metric.twin.metric), since
            )
            for rule in (SCHEMA, OBJECT)
            for metric in RULE_METRICS
        }

    def counts(self, end: int, seconds: float) -> tuple[float, float]:
        """(bad, total) of both rules in the window that ends at `end`."""
        bad, total = (
            sum(self.total((rule, metric), end - int(seconds), end) for rule in (SCHEMA, OBJECT))
            for metric in ("FailedInvocations", "Invocations")
        )
        return bad, total
