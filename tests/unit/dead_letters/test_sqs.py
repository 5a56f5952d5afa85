"""Messages of dead-letter queues: what they say, where they go, how they are held; AWS is a
double."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from obs.clients.aws import AwsClient
from obs.dead_letters.kinds import Opening
from obs.dead_letters.sqs.box import QueueBox
from obs.dead_letters.sqs.letter import letter_of
from obs.dead_letters.sqs.routing import Routing
from obs.dead_letters.sqs.senders import SENDERS, Letter, Sent, Target
from obs.errors import BadInput, SourceError

HERE = "us-east-1:123456789012"
RULE = f"arn:aws:events:{HERE}:rule/shop/paid"
QUEUE, FIFO = f"arn:aws:sqs:{HERE}:orders", f"arn:aws:sqs:{HERE}:orders.fifo"
FUNCTION, TOPIC = f"arn:aws:lambda:{HERE}:function:bill", f"arn:aws:sns:{HERE}:mail"
BUS = f"arn:aws:events:{HERE}:event-bus/shop"
EVENT = {"id": "e-1", "detail-type": "paid", "source": "shop", "detail": {"order": 1}}


class Aws:
    """Records requests; answers come from `answers` by operation."""

    region = "us-east-1"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.rule_targets: list[dict[str, Any]] | SourceError = [{"Id": "1", "Arn": QUEUE}]

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        self.asked.append((operation, parameters))
        answer = self.answers.get(operation, {})
        return answer(parameters) if callable(answer) else answer

    def paid(self, service: str, operation: str, *_: float, **parameters: Any) -> Any:
        return self.call(service, operation, **parameters)

    def targets(self, bus: str, rule: str) -> list[dict[str, Any]]:
        if isinstance(self.rule_targets, SourceError):
            raise self.rule_targets
        return self.rule_targets

    def queue_url(self, name: str) -> str:
        return f"https://sqs/{name}"

    def queue_attributes(self, url: str, names: list[str]) -> dict[str, str]:
        found = self.answers.get("GetQueueAttributes", {})
        return {name: found[name] for name in names if name in found}

    def close(self) -> None: ...

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.asked if name == operation]


def client(aws: Aws) -> AwsClient:
    return cast("AwsClient", aws)


def message(number: int = 1, body: str = json.dumps(EVENT), **told: str) -> dict[str, Any]:
    system = {"SentTimestamp": "1700000000500"}
    for name in ("MessageGroupId", "DeadLetterQueueSourceArn"):
        if name in told:
            system[name] = told.pop(name)
    given = {name: {"DataType": "String", "StringValue": text} for name, text in told.items()}
    return {
        "MessageId": f"m-{number}",
        "ReceiptHandle": f"r-{number}",
        "Body": body,
        "Attributes": system,
        "MessageAttributes": given,
    }


def failed(target: str = QUEUE, **told: str) -> dict[str, Any]:
    return message(
        RULE_ARN=RULE,
        TARGET_ARN=target,
        RETRY_ATTEMPTS="3",
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="said no to ada@example.com",
        **told,  # type: ignore[arg-type]
    )


def test_a_letter_of_eventbridge_tells_cause_rule_target_and_event() -> None:
    found = letter_of(failed())
    assert (found.id, found.cause, found.origin, found.target) == (
        "m-1",
        "NO_PERMISSIONS",
        "shop/paid",
        "sqs:orders",
    )
    assert (found.at, found.attempts, found.detail) == (1_700_000_000.5, 4, "said no to [email]")
    assert "event:e-1" in found.names


def test_a_letter_of_a_redrive_policy_tells_the_queue_that_it_comes_from() -> None:
    found = letter_of(message(body="hello", DeadLetterQueueSourceArn=QUEUE))
    assert (found.cause, found.origin) == ("MaxReceiveCountExceeded", "sqs:orders")


@pytest.mark.parametrize("body", ["", "[]", '{"detail-type": 3, "id": [1]}', "{" * 5_000, "\ud800"])
def test_any_body_is_a_letter(body: str) -> None:
    assert letter_of(message(body=body)).id == "m-1"


def test_an_event_goes_to_the_one_target_that_failed() -> None:
    assert Routing(client(Aws())).route(failed(), None).to == QUEUE


@pytest.mark.parametrize("name", ["Input", "InputPath", "InputTransformer"])
def test_what_a_rule_transforms_goes_through_the_bus_only(name: str) -> None:
    aws = Aws()
    aws.rule_targets = [{"Arn": QUEUE, name: "$.detail"}]
    routing = Routing(client(aws))
    assert "--to bus" in routing.route(failed(), None).problem
    route = routing.route(failed(), "bus")
    assert (route.to, route.problem) == (BUS, "")
    assert "every rule of the bus" in routing.warnings([route])[0]


@pytest.mark.parametrize(
    ("given", "to", "says"),
    [
        (message(body="x"), None, "nothing tells where it comes from"),
        (failed(f"arn:aws:ecs:{HERE}:cluster/x"), None, "this target no more"),
        (failed(), "orders", "cannot send to it"),
        (failed(), "arn:aws:states:eu-west-1:1:x", "cannot send to it"),
        (failed(), "arn:aws:sqs:eu-west-1:1:x", "it is in eu-west-1"),
        (message(body="x", RULE_ARN=RULE), BUS, "not an event"),
        (message(body="x"), "bus", "it has no bus"),
    ],
)
def test_what_cannot_be_sent_says_why(given: Mapping[str, Any], to: str | None, says: str) -> None:
    assert says in Routing(client(Aws())).route(given, to).problem


def test_a_rule_that_is_gone_does_not_end_the_run() -> None:
    aws = Aws()
    aws.rule_targets = SourceError("http_status", "ResourceNotFound")
    assert "cannot be read" in Routing(client(aws)).route(failed(), None).problem
    aws.rule_targets = SourceError("auth", "not permitted")
    with pytest.raises(SourceError):
        Routing(client(aws)).route(failed(), None)


def sent(aws: Aws, arn: str, *letters: Mapping[str, Any], group: str = "") -> list[Sent]:
    target = Target(client(aws), arn, {})
    given = [Letter(each, f"cloud/dlq/{each['MessageId']}", group) for each in letters]
    return [*SENDERS[arn.split(":")[2]].send(target, given)]


def accepted(parameters: dict[str, Any]) -> dict[str, Any]:
    entries = parameters.get("Entries") or parameters["PublishBatchRequestEntries"]
    return {"Successful": [{"Id": each["Id"], "MessageId": f"n-{each['Id']}"} for each in entries]}


URL = {"QueueUrl": "https://sqs/orders"}


def test_a_queue_gets_the_event_without_what_eventbridge_added() -> None:
    aws = Aws(GetQueueUrl=URL, SendMessageBatch=accepted)
    assert sent(aws, QUEUE, failed(tenant="acme")) == [Sent("n-0")]
    (entry,) = aws.of("SendMessageBatch")[0]["Entries"]
    assert json.loads(entry["MessageBody"]) == EVENT
    assert {name: each["StringValue"] for name, each in entry["MessageAttributes"].items()} == {
        "tenant": "acme",
        "Obs-Replayed-From": "cloud/dlq/m-1",
    }
    assert "MessageGroupId" not in entry


def test_a_fifo_queue_gets_the_group_and_another_deduplication_id_than_the_original() -> None:
    aws = Aws(GetQueueUrl=URL, SendMessageBatch=accepted)
    sent(aws, FIFO, message(MessageGroupId="g"), message(2))
    first, second = aws.of("SendMessageBatch")[0]["Entries"]
    assert (first["MessageGroupId"], first["MessageDeduplicationId"]) == ("g", "obs-m-1")
    assert second["MessageGroupId"] == "obs-m-2"
    sent(aws, FIFO, failed(), group="of-the-rule")
    assert aws.of("SendMessageBatch")[1]["Entries"][0]["MessageGroupId"] == "of-the-rule"


def test_requests_stay_below_the_size_and_number_that_aws_takes() -> None:
    aws = Aws(GetQueueUrl=URL, SendMessageBatch=accepted)
    large = [message(number, "x" * 100_000) for number in range(5)]
    small = [message(number, "x") for number in range(25)]
    assert len(sent(aws, QUEUE, *large)) == 5
    assert [len(each["Entries"]) for each in aws.of("SendMessageBatch")] == [2, 2, 1]
    aws.asked.clear()
    assert len(sent(aws, QUEUE, *small)) == 25
    assert [len(each["Entries"]) for each in aws.of("SendMessageBatch")] == [10, 10, 5]


def test_what_a_batch_refuses_says_why() -> None:
    answer = {"Failed": [{"Id": "0", "Code": "InvalidMessageContents", "Message": "no"}]}
    aws = Aws(GetQueueUrl=URL, SendMessageBatch=answer)
    first, second = sent(aws, QUEUE, message(1), message(2))
    assert first.refused == "InvalidMessageContents: no"
    assert "does not say" in second.refused


def test_functions_topics_and_buses_are_sent_to() -> None:
    answers = {"Entries": [{"EventId": "new"}, {"ErrorCode": "NotAuthorized", "ErrorMessage": "x"}]}
    aws = Aws(PublishBatch=accepted, PutEvents=answers)
    assert sent(aws, FUNCTION, failed()) == [Sent()]
    assert aws.of("Invoke")[0]["InvocationType"] == "Event"
    assert sent(aws, TOPIC, failed()) == [Sent("n-0")]
    timed = json.dumps(EVENT | {"time": "2026-03-01T12:00:00Z", "resources": ["a"]})
    assert sent(aws, BUS, failed(), message(body=timed)) == [
        Sent("event:new"),
        Sent(refused="NotAuthorized: x"),
    ]
    first, second = aws.of("PutEvents")[0]["Entries"]
    assert (first["Source"], first["DetailType"], first["EventBusName"]) == ("shop", "paid", BUS)
    assert json.loads(first["Detail"]) == {"order": 1}
    assert (second["Time"].year, second["Resources"]) == (2026, ["a"])


class Queue(Aws):
    """A queue: visible messages are received once."""

    def __init__(self, *messages: dict[str, Any], hidden: int = 0, **answers: Any) -> None:
        super().__init__(**answers)
        self.visible = [*messages]
        self.hidden = hidden

    def paid(self, service: str, operation: str, *_: float, **parameters: Any) -> Any:
        self.asked.append((operation, parameters))
        if operation == "ReceiveMessage":
            batch, self.visible = self.visible[:10], self.visible[10:]
            return {"Messages": batch} if batch else {}
        if operation == "DeleteMessageBatch":
            return {"Successful": parameters["Entries"][:-1]}
        return {}

    def queue_attributes(self, url: str, names: list[str]) -> dict[str, str]:
        if "RedrivePolicy" in names:
            return super().queue_attributes(url, names)
        return {names[0]: "0", names[1]: f"{self.hidden}"}


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> bool:
        self.at += seconds
        return False


def box(queue: Queue, clock: Clock, *, patient: bool = False) -> QueueBox:
    return QueueBox("cloud/dlq", client(queue), clock, Opening(patient, 60, clock.sleep))


def test_all_messages_are_received_once_held_and_shown_again() -> None:
    queue, clock = Queue(*(message(number) for number in range(25))), Clock()
    opened = box(queue, clock)
    assert len(opened.read()) == 25
    assert opened.read() == []
    clock.at = 31
    opened.keep()
    hidden = [
        entry["VisibilityTimeout"]
        for each in queue.of("ChangeMessageVisibilityBatch")
        for entry in each["Entries"]
    ]
    assert hidden == [60] * 25
    opened.close()
    last = queue.of("ChangeMessageVisibilityBatch")[-1]
    assert {each["VisibilityTimeout"] for each in last["Entries"]} == {0}


def test_a_message_that_comes_again_is_the_same_letter_under_its_new_receipt() -> None:
    queue = Queue(message(1), message(2))
    opened = box(queue, Clock())
    letters = opened.read()
    queue.visible = [message(1) | {"ReceiptHandle": "later"}]
    assert opened.newcomers() == []
    assert opened.remove(letters) == ["m-1"]  # the double does not delete the last of a batch
    entries = queue.of("DeleteMessageBatch")[0]["Entries"]
    assert [each["ReceiptHandle"] for each in entries] == ["later", "r-2"]


def test_messages_that_come_into_sight_while_they_are_held_do_not_go_on_for_ever() -> None:
    class Endless(Queue):
        def paid(self, service: str, operation: str, *_: float, **parameters: Any) -> Any:
            return {"Messages": [message(1)]} if operation == "ReceiveMessage" else {}

    assert len(box(Endless(), Clock(), patient=True).read()) == 1


def test_newcomers_are_read_as_well() -> None:
    queue = Queue(message(1))
    opened = box(queue, Clock())
    opened.read()
    queue.visible = [message(2)]
    assert [each.id for each in opened.newcomers()] == ["m-2"]
    assert [each.id for each in opened.read()] == ["m-2"]


def test_it_waits_for_what_a_killed_run_hides() -> None:
    queue, clock = Queue(hidden=1), Clock()

    def come_into_sight(seconds: float) -> bool:
        clock.at += seconds
        if clock.at == 20:
            queue.visible, queue.hidden = [message(1)], 0
        return False

    told: list[str] = []
    opening = Opening(True, 60, come_into_sight, told.append)
    opened = QueueBox("cloud/dlq", client(queue), clock, opening)
    assert [each.id for each in opened.read()] == ["m-1"]
    assert told[0] == "waiting for 1 that another receiver or run holds"


def test_it_does_not_wait_longer_than_messages_are_hidden() -> None:
    clock = Clock()
    assert box(Queue(hidden=3), clock, patient=True).read() == []
    assert 60 <= clock.at < 70


def test_a_listing_says_that_others_hold_messages() -> None:
    opened = box(Queue(message(1), hidden=3), Clock())
    opened.read()
    assert opened.notes == ["about 2 more are hidden: another receiver holds them"]


def test_a_queue_that_moves_its_own_messages_is_not_read() -> None:
    queue = Queue(message(1), GetQueueAttributes={"RedrivePolicy": "{}"})
    with pytest.raises(BadInput, match="redrive policy of its own"):
        box(queue, Clock()).read()
