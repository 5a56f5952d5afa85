"""What the OMS has at AWS beside its rules: publishing, functions, a topic and a work queue.

Requests to the queue are real; the points are those that AWS would publish.
"""

import random
from collections.abc import Mapping
from typing import Any, Final

from obs.sandbox.aws_events import RULES, aws, put_points, put_queue_age
from obs.sandbox.events import SCHEMA_SHARE, events_per_second

TOPIC: Final = "oms-schema-changes"
WORK_QUEUE: Final = "oms-exports"
WORKER: Final = "exporter"
_SCHEMA_FUNCTION, OBJECT_FUNCTION = RULES  # each rule's target has the rule's name

_ENTRIES: Final = 5  # events of a PutEvents request
_ENTRY_BYTES: Final = 420.0
_MILLISECONDS: Final[Mapping[str, float]] = {_SCHEMA_FUNCTION: 90.0, OBJECT_FUNCTION: 45.0}
"""Usual duration of an invocation."""
_ATTEMPTS: Final = 3  # of Lambda, of an event that it queued
_SUBSCRIBERS: Final = 2
_MESSAGES: Final = 10  # of one SQS request
_LATE: Final = 3  # of them are sent with a delay
_DELAY_SECONDS: Final = 20
_MOST_RECEIVED: Final = 3  # requests of the worker in one turn
_VISIBILITY_SECONDS: Final = 60
_PAST_MINUTES: Final = (2, 1)


def create_services(endpoint_url: str) -> None:
    """Create the topic and the work queue; functions need not exist to be the rules' targets."""
    aws("sns", endpoint_url).create_topic(Name=TOPIC)
    aws("sqs", endpoint_url).create_queue(QueueName=WORK_QUEUE)


class ServiceTraffic:
    """Publishes the points of the services, and works on the queue."""

    def __init__(self, endpoint_url: str, chance: random.Random) -> None:
        self._endpoint_url = endpoint_url
        self._chance = chance
        self._queue: str | None = None
        self._in_work: list[dict[str, str]] = []
        self.failing_share = 0.0
        """How much of the object function's invocations end in an error."""

    def feed(self, minute: int, published: int, delivered: Mapping[str, int]) -> None:
        """Publish what followed from some seconds of a minute: the number of events published,
        and of those delivered to the function of each name. Blocks."""
        self._publish(minute, published, delivered)
        self._work(minute)

    def feed_past(self, now: float) -> None:
        """Publish the minutes before `now` (Unix seconds), so that there are values at once."""
        for ago in _PAST_MINUTES:
            minute = int(now) // 60 * 60 - 60 * ago
            published = round(events_per_second(minute) * 60)
            schema = round(published * SCHEMA_SHARE)
            delivered = {_SCHEMA_FUNCTION: schema, OBJECT_FUNCTION: published - schema}
            self._publish(minute, published, delivered)
            self._put_exports(minute, _MESSAGES)

    def _publish(self, minute: int, published: int, delivered: Mapping[str, int]) -> None:
        self._put("AWS/Events", {}, minute, self._publishing(published))
        for function, events in delivered.items():
            share = self.failing_share if function == OBJECT_FUNCTION else 0.0
            points = self._function(function, events, share)
            self._put("AWS/Lambda", {"FunctionName": function}, minute, points)
        self._put("AWS/SNS", {"TopicName": TOPIC}, minute, _topic(delivered[_SCHEMA_FUNCTION]))

    def _put(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        minute: int,
        values: Mapping[str, float],
    ) -> None:
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        points = {metric: {minute: value} for metric, value in values.items()}
        put_points(self._endpoint_url, namespace, named, points)

    def _publishing(self, events: int) -> dict[str, float]:
        return {
            "PutEventsApproximateCallCount": -(-events // _ENTRIES),
            "PutEventsEntriesCount": events,
            "PutEventsLatency": self._about(25.0),
            "PutEventsRequestSize": self._about(_ENTRIES * _ENTRY_BYTES),
        }

    def _function(self, name: str, events: int, failing: float) -> dict[str, float]:
        failed = round(events * failing)
        errors = failed * _ATTEMPTS
        return {
            "Invocations": events - failed + errors,
            "Errors": errors,
            "AsyncEventsReceived": events,
            "AsyncEventsDropped": failed,
            "AsyncEventAge": self._about(35.0),
            "ConcurrentExecutions": 1 + round(self._chance.random() * 3),
            "Duration": self._about(_MILLISECONDS[name]),
        }

    def _about(self, usual: float) -> float:
        return usual * self._chance.lognormvariate(0.0, 0.25)

    def _work(self, minute: int) -> None:
        """Finish what was received in the turn before, receive what waits, and send the next."""
        sqs = aws("sqs", self._endpoint_url)
        if self._queue is None:
            self._queue = sqs.get_queue_url(QueueName=WORK_QUEUE)["QueueUrl"]
        deleted = len(self._in_work)
        for first in range(0, deleted, _MESSAGES):
            batch = self._in_work[first : first + _MESSAGES]
            sqs.delete_message_batch(QueueUrl=self._queue, Entries=batch)
        self._in_work = self._received(sqs)
        entries = [_export(number) for number in range(_MESSAGES)]
        sqs.send_message_batch(QueueUrl=self._queue, Entries=entries)
        values = {
            "NumberOfMessagesSent": _MESSAGES,
            "NumberOfMessagesReceived": len(self._in_work),
            "NumberOfMessagesDeleted": deleted,
        }
        self._put("AWS/SQS", {"QueueName": WORK_QUEUE}, minute, values)
        put_queue_age(self._endpoint_url, WORK_QUEUE, {minute: self._about(5.0)})
        self._put_exports(minute, deleted)

    def _put_exports(self, minute: int, count: int) -> None:
        """The worker's own metrics of some exports."""
        values = {"Duration": self._about(1_400.0), "Rows": round(self._about(800.0)) * count}
        self._put("OMS/Exports", {"Worker": WORKER}, minute, values if count else {})

    def _received(self, sqs: Any) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for _ in range(_MOST_RECEIVED):
            answer = sqs.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_MESSAGES,
                VisibilityTimeout=_VISIBILITY_SECONDS,
            )
            messages = answer.get("Messages", [])
            found += [
                {"Id": str(len(found) + number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            if len(messages) < _MESSAGES:
                break
        return found


def _topic(messages: int) -> dict[str, float]:
    """A message for each schema change; one of two subscribers wants every second."""
    filtered = messages // 2
    return {
        "NumberOfMessagesPublished": messages,
        "NumberOfNotificationsDelivered": messages * _SUBSCRIBERS - filtered,
        "NumberOfNotificationsFilteredOut": filtered,
    }


def _export(number: int) -> dict[str, Any]:
    delay = _DELAY_SECONDS if number < _LATE else 0
    return {"Id": str(number), "MessageBody": '{"table": "orders"}', "DelaySeconds": delay}
