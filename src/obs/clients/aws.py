"""AWS for sources and sinks: every call paged, batched, retried, counted and priced."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from uuid import uuid4

from obs.clients.aws_answers import invalid
from obs.clients.aws_cost import (
    LIST_REQUEST,
    METRIC_REQUESTED,
    PUT_REQUEST,
    SQS_REQUEST,
    CostMeter,
)
from obs.clients.aws_limits import new_call
from obs.clients.aws_pages import MOST_PAGES, MOST_PAID_PAGES, pages
from obs.clients.aws_text import one_line
from obs.clients.metric_data import (
    MAX_POINTS,
    MetricDataPages,
    MetricRequest,
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
_ARN_COLONS: Final = 5
_LONGEST_NAME: Final = 2_048  # characters of a name, an ARN or a URL
_MOST_FILTERS: Final = 10  # dimensions of ListMetrics


class Ledger(Protocol):
    """Where spending is written down."""

    def add(self, dollars: float) -> None: ...


class AwsClient:
    """One account and region. Safe to use from several threads; nothing is sent before a call.

    Every method sends requests and raises SourceError. It ends within four timeouts of a request
    (at least 5 s), with all attempts and pages; `metric_data` needs several such calls.
    `clock` returns seconds, for the rate of spending; use a monotonic one.
    """

    def __init__(self, spec: AwsSource, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._costs = CostMeter(spec.poll)
        self._opening = threading.Lock()  # separate: opening is slow, counts are read often
        self._opened: AwsSession | None = None
        self.ledger: Ledger | None = None
        """Gets the dollars of each request and published metric, from any thread."""
        self._permit: Callable[[], SourceError | None] = lambda: None

    @property
    def region(self) -> str:
        """The region that it asks."""
        return self._spec.region

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
        operation = "ListEventBuses"
        buses = {
            _name(bus["Name"], operation): _name(bus["Arn"], operation)
            for bus in self.listed("events", operation, "EventBuses")
        }
        if any(arn.count(":") < _ARN_COLONS for arn in buses.values()):
            raise invalid(operation, "an Arn that is none")
        return buses

    def rules(self, bus: str) -> dict[str, bool]:
        """The rules on a bus by name, and whether each is enabled."""
        operation = "ListRules"
        rules = self.listed("events", operation, "Rules", EventBusName=bus)
        return {
            _name(rule["Name"], operation): rule.get("State", "ENABLED") != "DISABLED"
            for rule in rules
        }

    def targets(self, bus: str, rule: str) -> list["TargetOutputTypeDef"]:
        """Targets of a rule, as AWS describes them."""
        operation = "ListTargetsByRule"
        found = self.listed("events", operation, "Targets", EventBusName=bus, Rule=rule)
        targets = [cast("TargetOutputTypeDef", target) for target in found]
        for target in targets:
            queue = target.get("DeadLetterConfig", {}).get("Arn")
            for name in (target["Id"], target["Arn"], *[queue] * bool(queue)):
                _name(str(name), operation)
            if queue and queue.count(":") < _ARN_COLONS:
                raise invalid(operation, "a dead-letter queue without an ARN")
        return targets

    def queue_urls(self, prefix: str = "") -> list[str]:
        """URLs of the queues whose names begin with `prefix`."""
        # Without MaxResults SQS gives the first 1 000 and no token for the rest.
        parameters: dict[str, Any] = {"MaxResults": 1_000}
        if prefix:
            parameters["QueueNamePrefix"] = prefix
        urls: list[str] = []
        for page in self._pages("sqs", "ListQueues", SQS_REQUEST, parameters):
            # left out where there is none
            urls.extend(_name(url, "ListQueues") for url in page.get("QueueUrls", []))
        return urls

    def queue_url(self, name: str) -> str:
        """The URL of this account's queue of that name."""
        self._spend(SQS_REQUEST)
        answer = self._session.call("sqs", "GetQueueUrl", QueueName=name)
        return _name(answer["QueueUrl"], "GetQueueUrl")

    def queue_attributes(self, url: str, names: Sequence[str]) -> dict[str, str]:
        """Attributes of a queue by name, as the strings that SQS returns."""
        self._spend(SQS_REQUEST)
        operation = "GetQueueAttributes"
        answer = self._session.call("sqs", operation, QueueUrl=url, AttributeNames=[*names])
        attributes: dict[str, str] = answer["Attributes"]
        return attributes

    def metric_data(
        self,
        series: Sequence[MetricSeries],
        start: int,
        end: int,
        period: int,
        *,
        every: float | None = None,
        counts: bool = True,
    ) -> dict[MetricSeries, Points]:
        """Points from `start` to before `end` (Unix seconds) for every one of the series.

        A series without a point has an empty dict. A query that AWS answers in part is repeated;
        SourceError("partial") if it stays incomplete. `every` is the interval of this request in
        seconds, where it differs from that of polls; 0 for a request made once, which does not
        count towards dollars a month. `counts`: none of the values can be negative.
        """
        found: dict[MetricSeries, Points] = {}
        for batch in batches(series, -(-(end - start) // period)):
            asked = MetricRequest(batch, start, end, period, counts)
            found.update(self._batch(asked, every))
        return found

    def listed_metrics(
        self, namespace: str, metric: str, dimensions: Mapping[str, str | None], every: float
    ) -> Iterator[list[dict[str, str]]]:
        """The dimensions of each series of a metric that has exactly these, page by page; a value
        of None stands for any. CloudWatch lists what had data in the last two weeks.

        `every` is the interval of this request in seconds.
        """
        operation = "ListMetrics"
        wanted = [
            {"Name": name, **({} if value is None else {"Value": value})}
            for name, value in [*dimensions.items()][:_MOST_FILTERS]
        ]
        parameters = {"Namespace": namespace, "MetricName": metric, "Dimensions": wanted}
        for page in self._pages("cloudwatch", operation, LIST_REQUEST, parameters, every):
            found = [
                {each["Name"]: each["Value"] for each in one.get("Dimensions", ())}
                for one in page.get("Metrics", ())
            ]
            yield [pairs for pairs in found if pairs.keys() == dimensions.keys()]

    def put_metric_data(self, namespace: str, data: Sequence["MetricDatumTypeDef"]) -> None:
        """Publish one request of data points: at most 1 000 metrics and 1 MB."""
        self._session.call("cloudwatch", "PutMetricData", Namespace=namespace, MetricData=[*data])
        now = self._clock()
        with self._lock:
            for datum in data:
                pairs = frozenset(
                    (pair["Name"], pair["Value"]) for pair in datum.get("Dimensions", ())
                )
                self._told(self._costs.publish((namespace, datum["MetricName"], pairs), now))

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
        return _name(answer["MessageId"], "Publish")

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The response to a free request; `operation` as AWS spells it."""
        return self._session.call(service, operation, **parameters)

    def paid(
        self, service: str, operation: str, dollars: float, every: float, **parameters: Any
    ) -> dict[str, Any]:
        """The response to a request that costs so much, made every so many seconds."""
        self._spend(dollars, every)
        return self._session.call(service, operation, **parameters)

    def listed(self, service: str, operation: str, member: str, **parameters: Any) -> Iterator[Any]:
        """The items of `member` on all pages of a free request."""
        for page in self._pages(service, operation, 0.0, parameters):
            yield from page[member]

    def names(self, service: str, operation: str, member: str, field: str) -> list[str]:
        """The names of the items of `member`, as such or as the last part of an ARN."""
        found = (item[field] for item in self.listed(service, operation, member))
        return [_name(each.rpartition(":")[2], operation) for each in found]

    def guard(self, permit: Callable[[], SourceError | None]) -> None:
        """Send no request, from now on, that `permit` does not allow; asked before each attempt."""
        self._permit = permit

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()

    def _batch(self, asked: MetricRequest, every: float | None) -> dict[MetricSeries, Points]:
        found: dict[MetricSeries, Points] = {}
        missing: Sequence[MetricSeries] = asked.batch
        for _ in range(_QUERY_ATTEMPTS):
            answers = self._answer(asked._replace(batch=tuple(missing)), every)
            found.update(answers.complete)
            missing = [one for one in missing if one not in found]
            if not missing:
                return found
        statuses = one_line(", ".join(answers.statuses))
        reason: Reason = "auth" if "Forbidden" in answers.statuses else "partial"
        raise SourceError(
            reason,
            f"GetMetricData: {len(missing)} of {len(asked.batch)} metrics not returned "
            f"({statuses})",
        )

    def _answer(self, asked: MetricRequest, every: float | None) -> MetricDataPages:
        answers = MetricDataPages(asked.batch, asked.start, asked.end, counts=asked.counts)
        parameters = {
            "MetricDataQueries": queries(asked.batch, asked.period),
            "StartTime": datetime.fromtimestamp(asked.start, UTC),
            "EndTime": datetime.fromtimestamp(asked.end, UTC),
            "MaxDatapoints": MAX_POINTS,
        }
        # Whether AWS bills each page is undocumented; counting each overestimates at worst.
        cost = billed_metrics(asked.batch) * METRIC_REQUESTED
        operation = "GetMetricData"
        for page in self._pages("cloudwatch", operation, cost, parameters, every):
            if (why := _added(answers, page)) is not None:
                raise invalid(operation, why)
        return answers

    def _pages(
        self,
        service: str,
        operation: str,
        cost: float,
        parameters: Mapping[str, Any],
        every: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        def ask(token: dict[str, str]) -> dict[str, Any]:
            self._spend(cost, every)
            return self._session.call(service, operation, **parameters, **token)

        most = MOST_PAGES if cost < METRIC_REQUESTED else MOST_PAID_PAGES
        yield from pages(service, operation, ask, new_call(self._spec.timeout), most)

    @property
    def _session(self) -> "AwsSession":
        with self._opening:
            if self._opened is None:
                from obs.clients.aws_session import AwsSession  # noqa: PLC0415  slow, so late

                self._opened = AwsSession(self._spec, self._count, self._refused)
            return self._opened

    def _refused(self) -> SourceError | None:
        return self._permit()

    def _count(self, operation: str) -> None:
        with self._lock:
            self._requests[operation] += 1
            if operation == "PutMetricData":  # retries too: a receiver that is sick costs as well
                self._costs.spend(PUT_REQUEST, self._clock())
                self._told(PUT_REQUEST)

    def _told(self, dollars: float) -> None:
        if self.ledger is not None:
            self.ledger.add(dollars)

    def _spend(self, dollars: float, every: float | None = None) -> None:
        if (refused := self._permit()) is not None:
            raise refused
        with self._lock:
            self._costs.spend(dollars, self._clock(), every=every)
        self._told(dollars)


def _added(answers: MetricDataPages, page: Mapping[str, Any]) -> str | None:
    """Add a page; returns what is wrong with it. Not raised: its context would hold the page."""
    try:
        answers.add(page)
    except (ArithmeticError, KeyError, TypeError, ValueError, AttributeError) as error:
        return type(error).__name__
    return None


def _name(text: str, operation: str) -> str:
    """What identifies something, fit for a label and a terminal. Raises SourceError."""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_NAME:
        raise invalid(operation, "a name that is empty, too long or not printable")
    return text
