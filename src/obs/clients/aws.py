"""AWS for sources and sinks: every call paged, batched, retried, counted and priced."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from obs.clients.aws_cost import METRIC_REQUESTED, PUT_REQUEST, SQS_REQUEST, CostMeter
from obs.clients.metric_data import (
    MAX_POINTS,
    MetricDataPages,
    MetricSeries,
    Points,
    batches,
    billed_metrics,
    queries,
)
from obs.errors import Reason, SourceError
from obs.spec.aws import AwsSource

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_events.type_defs import TargetOutputTypeDef

    from obs.clients.aws_session import AwsSession

_QUERY_ATTEMPTS: Final = 3  # of a query that AWS did not answer in full
_MAX_PAGES: Final = 10_000  # of one list; more means that the tokens lead in a circle


class AwsClient:
    """One account and region. Safe to use from several threads; nothing is sent before a call.

    Every method sends requests and raises SourceError. `clock` returns seconds, for the rate of
    spending; use a monotonic one.
    """

    def __init__(self, spec: AwsSource, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._costs = CostMeter(spec.poll)
        self._opening = threading.Lock()  # separate: opening is slow, counts are read often
        self._opened: AwsSession | None = None

    @property
    def requests(self) -> Mapping[str, int]:
        """Requests sent by operation, retries included."""
        with self._lock:
            return MappingProxyType(dict(self._requests))

    @property
    def dollars(self) -> float:
        """Dollars spent on requests since the start, without custom metrics."""
        with self._lock:
            return self._costs.total

    @property
    def dollars_per_month(self) -> float:
        """Dollars a month for requests and custom metrics at the current rate."""
        with self._lock:
            return self._costs.per_month(self._clock())

    def event_buses(self) -> dict[str, str]:
        """ARN by name of every event bus."""
        buses = self.listed("events", "ListEventBuses", "EventBuses")
        return {bus["Name"]: bus["Arn"] for bus in buses}

    def rules(self, bus: str) -> dict[str, bool]:
        """The rules on a bus by name, and whether each is enabled."""
        rules = self.listed("events", "ListRules", "Rules", EventBusName=bus)
        return {rule["Name"]: rule.get("State", "ENABLED") != "DISABLED" for rule in rules}

    def targets(self, bus: str, rule: str) -> list["TargetOutputTypeDef"]:
        """Targets of a rule, as AWS describes them."""
        found = self.listed("events", "ListTargetsByRule", "Targets", EventBusName=bus, Rule=rule)
        return [cast("TargetOutputTypeDef", target) for target in found]

    def queue_urls(self, prefix: str = "") -> list[str]:
        """URLs of the queues whose names begin with `prefix`."""
        # Without MaxResults SQS gives the first 1 000 and no token for the rest.
        parameters: dict[str, Any] = {"MaxResults": 1_000}
        if prefix:
            parameters["QueueNamePrefix"] = prefix
        urls: list[str] = []
        for page in self._pages("sqs", "ListQueues", SQS_REQUEST, parameters):
            urls.extend(page.get("QueueUrls", []))  # left out where there is none
        return urls

    def queue_url(self, name: str) -> str:
        """The URL of this account's queue of that name."""
        self._spend(SQS_REQUEST)
        answer = self._session.call("sqs", "GetQueueUrl", QueueName=name)
        return str(_member(answer, "QueueUrl", "GetQueueUrl"))

    def queue_attributes(self, url: str, names: Sequence[str]) -> dict[str, str]:
        """Attributes of a queue by name, as the strings that SQS returns."""
        self._spend(SQS_REQUEST)
        operation = "GetQueueAttributes"
        answer = self._session.call("sqs", operation, QueueUrl=url, AttributeNames=[*names])
        attributes: dict[str, str] = _member(answer, "Attributes", operation)
        return attributes

    def metric_data(
        self,
        series: Sequence[MetricSeries],
        start: int,
        end: int,
        period: int,
        *,
        every: float | None = None,
    ) -> dict[MetricSeries, Points]:
        """Points from `start` to before `end` (Unix seconds) for every one of the series.

        A series without a point has an empty dict. A query that AWS answers in part is repeated;
        SourceError("partial") if it stays incomplete. `every` is the interval of this request in
        seconds, where it differs from that of polls; 0 for a request made once, which does not
        count towards dollars a month.
        """
        found: dict[MetricSeries, Points] = {}
        for batch in batches(series, -(-(end - start) // period)):
            found.update(self._batch(batch, start, end, period, every))
        return found

    def put_metric_data(self, namespace: str, data: Sequence["MetricDatumTypeDef"]) -> None:
        """Publish one request of data points: at most 1 000 metrics and 1 MB."""
        self._session.call("cloudwatch", "PutMetricData", Namespace=namespace, MetricData=[*data])
        now = self._clock()
        with self._lock:
            for datum in data:
                pairs = frozenset(
                    (pair["Name"], pair["Value"]) for pair in datum.get("Dimensions", ())
                )
                self._costs.publish((namespace, datum["MetricName"], pairs), now)

    def publish(self, topic_arn: str, subject: str, message: str) -> str:
        """Publish a message to an SNS topic; returns its id. On FIFO topics its group is `obs`."""
        ordered = {"MessageGroupId": "obs", "MessageDeduplicationId": f"{uuid4()}"}
        answer = self._session.call(
            "sns",
            "Publish",
            TopicArn=topic_arn,
            Subject=subject,
            Message=message,
            **(ordered if topic_arn.endswith(".fifo") else {}),
        )
        return str(_member(answer, "MessageId", "Publish"))

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The response to a free request; `operation` as AWS spells it."""
        return self._session.call(service, operation, **parameters)

    def listed(
        self, service: str, operation: str, member: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The items of `member` on all pages of a free request."""
        for page in self._pages(service, operation, 0.0, parameters):
            yield from _member(page, member, operation)

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()

    def _batch(
        self, batch: Sequence[MetricSeries], start: int, end: int, period: int, every: float | None
    ) -> dict[MetricSeries, Points]:
        found: dict[MetricSeries, Points] = {}
        missing = batch
        for _ in range(_QUERY_ATTEMPTS):
            answers = self._answer(missing, start, end, period, every)
            found.update(answers.complete)
            missing = [one for one in missing if one not in found]
            if not missing:
                return found
        statuses = ", ".join(answers.statuses)[:200]
        reason: Reason = "auth" if "Forbidden" in answers.statuses else "partial"
        raise SourceError(
            reason,
            f"GetMetricData: {len(missing)} of {len(batch)} metrics not returned ({statuses})",
        )

    def _answer(
        self, batch: Sequence[MetricSeries], start: int, end: int, period: int, every: float | None
    ) -> MetricDataPages:
        answers = MetricDataPages(batch)
        parameters = {
            "MetricDataQueries": queries(batch, period),
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "MaxDatapoints": MAX_POINTS,
        }
        # Whether AWS bills each page is undocumented; counting each overestimates at worst.
        cost = billed_metrics(batch) * METRIC_REQUESTED
        operation = "GetMetricData"
        for page in self._pages("cloudwatch", operation, cost, parameters, every):
            try:
                answers.add(page)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise _invalid(operation, type(error).__name__) from None
        return answers

    def _pages(
        self,
        service: str,
        operation: str,
        cost: float,
        parameters: Mapping[str, Any],
        every: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            self._spend(cost, every)
            page = self._session.call(service, operation, **parameters, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}
        raise _invalid(operation, f"more than {_MAX_PAGES} pages")

    @property
    def _session(self) -> "AwsSession":
        with self._opening:
            if self._opened is None:
                from obs.clients.aws_session import AwsSession  # noqa: PLC0415  slow, so late

                self._opened = AwsSession(self._spec, self._count)
            return self._opened

    def _count(self, operation: str) -> None:
        with self._lock:
            self._requests[operation] += 1
            if operation == "PutMetricData":  # retries too: a receiver that is sick costs as well
                self._costs.spend(PUT_REQUEST, self._clock())

    def _spend(self, dollars: float, every: float | None = None) -> None:
        with self._lock:
            self._costs.spend(dollars, self._clock(), every=every)


def _member(answer: Mapping[str, Any], name: str, operation: str) -> Any:
    # botocore parses an invalid body as a response without members.
    if name not in answer:
        raise _invalid(operation, f"no {name}")
    return answer[name]


def _invalid(operation: str, why: str) -> SourceError:
    return SourceError("decode", f"{operation}: invalid response ({why})")
