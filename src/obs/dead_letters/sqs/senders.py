"""How each kind of target is sent to: one line in SENDERS each."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import SQS_REQUEST
from obs.clients.aws_queues import BATCH
from obs.dead_letters.sqs.letter import (
    OF_EVENTBRIDGE,
    REPLAYED_FROM,
    Message,
    attribute,
    event_of,
    system_attribute,
)
from obs.errors import SourceError
from obs.redaction.text import one_line

_MOST_BYTES: Final = 240 << 10  # of a request; SQS, SNS and EventBridge take 256 KiB at least
_MOST_ATTRIBUTES: Final = 10


class Letter(NamedTuple):
    """A message, the id of the dead letter that it is a replay of, and its group, where the target
    is a FIFO queue or topic and a rule says which."""

    message: Message
    of: str
    group: str = ""


class Sent(NamedTuple):
    """What became of a message. `name`: by which it comes back. `refused`: why it did not go."""

    name: str = ""
    refused: str = ""


class Target(NamedTuple):
    """What is sent to, by its ARN; `urls`: those of queues that are known, by their ARNs."""

    client: AwsClient
    arn: str
    urls: dict[str, str]


Send = Callable[[Target, Sequence[Letter]], Iterator[Sent]]
"""Sends letters, and gives what became of each as soon as it is known."""


class Sender(NamedTuple):
    """A kind of target. `message_id`: the id by which it drops a second one; empty: it does not."""

    words: str
    send: Send
    message_id: Callable[[str, Message], str]


def deduplication_id(message: Message) -> str:
    """The same at each try, and another than the original's, which SQS and SNS may still know."""
    return f"obs-{message['MessageId']}"


def _of_fifo(arn: str, message: Message) -> str:
    return deduplication_id(message) if arn.endswith(".fifo") else ""


def _no_id(arn: str, message: Message) -> str:
    return ""


def _to_queue(target: Target, letters: Sequence[Letter]) -> Iterator[Sent]:
    entries = [
        {"MessageBody": each.message["Body"]} | _beside(target.arn, each) for each in letters
    ]
    url = _url(target)

    def send(batch: list[dict[str, Any]]) -> Mapping[str, Any]:
        return target.client.paid(
            "sqs", "SendMessageBatch", SQS_REQUEST, 0, QueueUrl=url, Entries=batch
        )

    yield from _in_batches(entries, send)


def _url(target: Target) -> str:
    if target.arn not in target.urls:
        account, name = target.arn.split(":")[4:6]
        answer = target.client.call(
            "sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account
        )
        target.urls[target.arn] = answer["QueueUrl"]
    return target.urls[target.arn]


def _to_topic(target: Target, letters: Sequence[Letter]) -> Iterator[Sent]:
    entries = [{"Message": each.message["Body"]} | _beside(target.arn, each) for each in letters]

    def send(batch: list[dict[str, Any]]) -> Mapping[str, Any]:
        return target.client.call(
            "sns", "PublishBatch", TopicArn=target.arn, PublishBatchRequestEntries=batch
        )

    yield from _in_batches(entries, send)


def _to_function(target: Target, letters: Sequence[Letter]) -> Iterator[Sent]:
    for each in letters:
        body = each.message["Body"].encode()
        target.client.call(
            "lambda", "Invoke", FunctionName=target.arn, InvocationType="Event", Payload=body
        )
        yield Sent()


def _to_bus(target: Target, letters: Sequence[Letter]) -> Iterator[Sent]:
    for batch in _batches([_event(each.message, target.arn) for each in letters]):
        answer = target.client.call("events", "PutEvents", Entries=batch)
        entries = answer.get("Entries", [])
        if len(entries) != len(batch):
            raise SourceError("decode", "PutEvents: not an answer for each event")
        yield from map(_put, entries)


def _put(entry: Mapping[str, Any]) -> Sent:
    if code := entry.get("ErrorCode"):
        return Sent(refused=one_line(f"{code}: {entry.get('ErrorMessage', '')}", 300))
    return Sent(name=f"event:{entry.get('EventId', '')}")


def _event(message: Message, bus: str) -> dict[str, Any]:
    event = event_of(message) or {}
    fields: dict[str, Any] = {
        "Source": event.get("source", ""),
        "DetailType": event.get("detail-type", ""),
        "Detail": json.dumps(event.get("detail", {}), ensure_ascii=False, separators=(",", ":")),
        "Resources": event.get("resources", []),
        "EventBusName": bus,
    }
    if (at := _time(event.get("time"))) is not None:
        fields["Time"] = at
    return fields


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


def _attributes(letter: Letter) -> dict[str, Any]:
    """The original's, and where it comes from if there is room."""
    given = letter.message.get("MessageAttributes", {})
    of_event = attribute(letter.message, "RULE_ARN") != ""
    kept = {
        name: {key: each[key] for key in ("DataType", "StringValue", "BinaryValue") if key in each}
        for name, each in given.items()
        if name != REPLAYED_FROM and not (of_event and name in OF_EVENTBRIDGE)
    }
    if len(kept) < _MOST_ATTRIBUTES:
        kept[REPLAYED_FROM] = {"DataType": "String", "StringValue": letter.of}
    return kept


def _beside(arn: str, letter: Letter) -> dict[str, Any]:
    """What goes with a body; on FIFO also the group that it had, or one of its own."""
    beside: dict[str, Any] = {"MessageAttributes": _attributes(letter)}
    if arn.endswith(".fifo"):
        had = letter.group or system_attribute(letter.message, "MessageGroupId")
        beside["MessageDeduplicationId"] = deduplication_id(letter.message)
        beside["MessageGroupId"] = had or deduplication_id(letter.message)
    return beside


def _in_batches(
    entries: Sequence[dict[str, Any]], send: Callable[[list[dict[str, Any]]], Mapping[str, Any]]
) -> Iterator[Sent]:
    for batch in _batches(entries):
        answer = send([{"Id": f"{at}", **each} for at, each in enumerate(batch)])
        names = {each["Id"]: each["MessageId"] for each in answer.get("Successful", [])}
        why = {
            each["Id"]: f"{each.get('Code', '')}: {each.get('Message', '')}"
            for each in answer.get("Failed", [])
        }
        for at in map(str, range(len(batch))):
            refused = one_line(why.get(at, "AWS does not say what became of it"), 300)
            yield Sent(names[at]) if at in names else Sent(refused=refused)


def _batches(entries: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for each in entries:
        own = len(json.dumps(each, default=str).encode())
        if batch and (size + own > _MOST_BYTES or len(batch) == BATCH):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += own
    if batch:
        yield batch


SENDERS: Final[Mapping[str, Sender]] = {
    "sqs": Sender("queues", _to_queue, _of_fifo),
    "sns": Sender("topics", _to_topic, _of_fifo),
    "lambda": Sender("functions", _to_function, _no_id),
    "events": Sender("buses", _to_bus, _no_id),
}
"""By the service of an ARN."""
