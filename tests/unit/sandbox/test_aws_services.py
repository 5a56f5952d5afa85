"""What AWS would publish of the OMS' publishing, functions, topic and work queue."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from obs.sandbox import aws_services
from obs.sandbox.aws_events import RULES
from obs.sandbox.aws_services import OBJECT_FUNCTION, ServiceTraffic

MINUTE = 1_790_000_100
SCHEMA_FUNCTION, _ = RULES
Fed = dict[tuple[str, str], dict[str, float]]


class Queue:
    """A queue that hands out what was sent, oldest first; it does not delay."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, str]] = []
        self.deleted = 0

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "queue"}

    def send_message_batch(self, **request: Any) -> None:
        self.waiting += [{"ReceiptHandle": each["Id"]} for each in request["Entries"]]

    def receive_message(self, **request: Any) -> dict[str, object]:
        most = request["MaxNumberOfMessages"]
        given, self.waiting = self.waiting[:most], self.waiting[most:]
        return {"Messages": given} if given else {}

    def delete_message_batch(self, **request: Any) -> None:
        self.deleted += len(request["Entries"])


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    it = Queue()
    monkeypatch.setattr(aws_services, "aws", lambda *_: it)
    return it


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> Fed:
    """The sums of what was published, by namespace and the value of its dimension."""
    sums: Fed = {}

    def put(
        _: str,
        namespace: str,
        dimensions: list[dict[str, str]],
        points: Mapping[str, Mapping[int, float]],
    ) -> None:
        known = sums.setdefault((namespace, "".join(each["Value"] for each in dimensions)), {})
        for metric, minutes in points.items():
            known[metric] = known.get(metric, 0.0) + sum(minutes.values())

    monkeypatch.setattr(aws_services, "put_points", put)
    monkeypatch.setattr(aws_services, "put_queue_age", lambda *_: None)
    return sums


def traffic() -> ServiceTraffic:
    return ServiceTraffic("http://nowhere", random.Random(7))


def test_lambda_tries_a_failing_event_three_times_and_drops_it(queue: Queue, fed: Fed) -> None:
    services = traffic()
    services.failing_share = 0.3
    services.feed(MINUTE, 110, {SCHEMA_FUNCTION: 10, OBJECT_FUNCTION: 100})
    told = fed["AWS/Lambda", OBJECT_FUNCTION]
    assert told["AsyncEventsReceived"] == 100
    assert (told["AsyncEventsDropped"], told["Errors"], told["Invocations"]) == (30, 90, 160)
    assert fed["AWS/Lambda", SCHEMA_FUNCTION]["Errors"] == 0
    assert fed["AWS/Events", ""]["PutEventsEntriesCount"] == 110


def test_what_is_sent_to_the_work_queue_is_received_and_deleted(queue: Queue, fed: Fed) -> None:
    services = traffic()
    for _ in range(4):
        services.feed(MINUTE, 0, {SCHEMA_FUNCTION: 0, OBJECT_FUNCTION: 0})
    told = fed["AWS/SQS", aws_services.WORK_QUEUE]
    assert told["NumberOfMessagesSent"] == 40
    assert told["NumberOfMessagesReceived"] == 40 - len(queue.waiting) == 30
    assert told["NumberOfMessagesDeleted"] == queue.deleted == 20


def test_the_minutes_before_the_demo_have_values_without_any_work(queue: Queue, fed: Fed) -> None:
    traffic().feed_past(MINUTE + 70.0)
    assert fed["OMS/Exports", aws_services.WORKER]["Rows"] > 0
    assert fed["AWS/Lambda", OBJECT_FUNCTION]["Invocations"] > 1000
    assert queue.waiting == []
