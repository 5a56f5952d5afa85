"""Why messages are in dead-letter queues, as the messages say; they stay where they are.

Each reading receives some messages, hides them for at most HIDDEN seconds so that it does not
receive them twice, and shows them again at once. Their bodies are not kept.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from obs.clients.aws import AwsClient
from obs.clients.aws_queues import BATCH, look_at_messages, show_messages_again
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.snapshot.aws import Queue
from obs.snapshot.sqs import Cause, QueueCauses, QueueRole
from obs.spec.aws import AwsSource

HIDDEN: Final = 10
"""Seconds for which a message is hidden at most, if the request that shows it again fails."""
MOST_CAUSES: Final = 50
"""Causes of a queue that are told apart; the others are one, `other`."""
UNKNOWN: Final = "unknown"
OTHER: Final = Cause("other", "other", "other", "other")
REDRIVEN: Final = "MaxReceiveCountExceeded"
"""The error code of a message that SQS moved after its consumers received it too often."""
REDRIVES: Final = "it has a redrive policy of its own: receiving could move its messages"

_MOST_KNOWN: Final = 1_000  # messages of a queue that are remembered
_FORGOTTEN: Final = 6 * 3600.0  # seconds after which all messages of a queue are read again
_LONGEST: Final = 128  # characters of a label
_LONGEST_EXAMPLE: Final = 200
_ARN_PARTS: Final = 6
_CODE: Final = ("ERROR_CODE", "ErrorCode")  # of EventBridge, of Lambda's asynchronous invocations
_MESSAGE: Final = ("ERROR_MESSAGE", "ErrorMessage")
_ATTRIBUTES: Final = (
    *("RULE_ARN", "TARGET_ARN", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"),
    *(*_CODE, *_MESSAGE),
)


def hidden_for(queue: str, most: int) -> int:
    """Seconds for which messages of a queue are hidden at most while they are read.

    None of a FIFO queue, whose message groups would be blocked meanwhile, and none where one
    request is enough.
    """
    return 0 if queue.endswith(".fifo") or most <= BATCH else HIDDEN


def requests_of_reading(queue: str, most: int) -> int:
    """How many requests the reading of one queue takes at most."""
    return 2 * math.ceil(most / BATCH) if hidden_for(queue, most) else 1


@dataclass(slots=True)
class _Known:
    """The messages of a queue that were read, by id: cause, example, and when sent (Unix s)."""

    messages: dict[str, tuple[Cause, str, float | None]] = field(default_factory=dict)
    begun: float = 0.0
    read_at: float | None = None
    visible: int = 0
    not_read: str = ""

    def forget(self, at: float) -> None:
        self.messages.clear()
        self.begun = at

    @property
    def told(self) -> QueueCauses:
        causes = Counter(cause for cause, _, _ in self.messages.values())
        examples: dict[Cause, str] = {}
        for cause, example, _ in self.messages.values():
            examples.setdefault(cause, example)
        return QueueCauses(causes, examples, self.not_read)


class DeadLetterCauses:
    """The causes of one source's dead letters. Methods block; call from one thread at a time."""

    def __init__(self, name: str, spec: AwsSource, client: AwsClient) -> None:
        self._name = name
        self._spec = spec
        self._client = client
        self._known: dict[str, _Known] = {}

    def read(
        self, urls: Mapping[str, str], queues: Sequence[Queue], at: float
    ) -> dict[str, QueueCauses]:
        """The causes by dead-letter queue; `at` in Unix seconds. Nothing where not asked for.

        A queue that cannot be read says why, and fails nothing else.
        """
        if not self._spec.dead_letter_causes:
            return {}
        asked = [queue for queue in queues if queue.role is QueueRole.DEAD_LETTER]
        self._known = {queue.name: self._known.get(queue.name, _Known()) for queue in asked}
        for queue in asked:
            self._read(queue, self._known[queue.name], urls[queue.name], at)
        return {queue.name: self._known[queue.name].told for queue in asked}

    def with_age(self, queue: Queue, at: float) -> Queue:
        """The queue, with the age of the oldest message that was read where that is greater.

        CloudWatch leaves out what was received three times and more.
        """
        known = self._known.get(queue.name)
        if known is None or not queue.visible:
            return queue
        sent = min((sent for *_, sent in known.messages.values() if sent is not None), default=at)
        if at - sent <= (queue.oldest_age or 0.0):
            return queue
        return replace(queue, oldest_age=at - sent)

    def _read(self, queue: Queue, known: _Known, url: str, at: float) -> None:
        if queue.redrives:
            known.forget(at)
            known.not_read = REDRIVES
            return
        there = queue.visible + queue.in_flight
        if there < len(known.messages) or at - known.begun >= _FORGOTTEN:
            known.forget(at)
        if not queue.visible or not self._is_due(queue, known, at):
            return
        known.read_at, known.visible, known.not_read = at, queue.visible, ""
        try:
            for message in self._messages(queue.name, url):
                self._remember(known, message)
        except SourceError as error:
            known.not_read = one_line(str(error), _LONGEST_EXAMPLE)

    def _is_due(self, queue: Queue, known: _Known, at: float) -> bool:
        """Whether there may be messages that are not known, and the last reading is long ago."""
        last = known.read_at
        rested = last is None or not 0 <= at - last < self._spec.dead_letter_causes_every
        complete = len(known.messages) >= min(queue.visible, _MOST_KNOWN)
        return rested and not (complete and queue.visible == known.visible)

    def _messages(self, name: str, url: str) -> Iterator[dict[str, Any]]:
        every, most = self._spec.dead_letter_causes_every, self._spec.dead_letter_causes_most
        hidden, receipts = hidden_for(name, most), list[str]()
        try:
            for _ in range(math.ceil(most / BATCH) if hidden else 1):
                found = look_at_messages(self._client, url, _ATTRIBUTES, hidden, every)
                receipts += [message["ReceiptHandle"] for message in found]
                yield from found
                if not found:
                    break
        finally:
            if hidden and receipts:
                show_messages_again(self._client, url, receipts, every)

    @staticmethod
    def _remember(known: _Known, message: Mapping[str, Any]) -> None:
        if len(known.messages) >= _MOST_KNOWN:
            return
        cause, example = cause_of(message)
        causes = {each for each, _, _ in known.messages.values()}
        if cause not in causes and len(causes - {OTHER}) >= MOST_CAUSES:
            cause = OTHER
        known.messages[message["MessageId"]] = (cause, example, sent_at(message))


def cause_of(message: Mapping[str, Any]) -> tuple[Cause, str]:
    """Why a message is there, and what it says for people."""
    attributes = message.get("MessageAttributes", {})

    def told(*names: str) -> str:
        values = (attributes.get(name, {}).get("StringValue", "") for name in names)
        return next(filter(None, values), "")

    bus, rule = _rule(told("RULE_ARN"))
    code, target = told(*_CODE), told("TARGET_ARN")
    source = message.get("Attributes", {}).get("DeadLetterQueueSourceArn", "")
    if source and not code:
        code, target = REDRIVEN, source
    cause = Cause(*(one_line(each, _LONGEST) or UNKNOWN for each in (code, bus, rule, _of(target))))
    exhausted, retries = told("EXHAUSTED_RETRY_CONDITION"), told("RETRY_ATTEMPTS")
    tried = f" ({exhausted} after {retries} retries)" if exhausted and retries else ""
    return cause, one_line(f"{told(*_MESSAGE)}{tried}".strip(), _LONGEST_EXAMPLE)


def _rule(arn: str) -> tuple[str, str]:
    """Bus and rule of a rule's ARN; empty where it is none."""
    kind, _, rest = _resource(arn).partition("/")
    bus, _, rule = rest.rpartition("/")
    return (bus or "default", rule) if kind == "rule" and rule else ("", "")


def _of(arn: str) -> str:
    """Service and resource of an ARN, for example `lambda:function:orders`."""
    parts = arn.split(":", _ARN_PARTS - 1)
    return f"{parts[2]}:{parts[5]}" if len(parts) == _ARN_PARTS else arn


def _resource(arn: str) -> str:
    parts = arn.split(":", _ARN_PARTS - 1)
    return parts[5] if len(parts) == _ARN_PARTS else ""


def sent_at(message: Mapping[str, Any]) -> float | None:
    """When a message was sent, in Unix seconds; None where it does not tell."""
    text = message.get("Attributes", {}).get("SentTimestamp", "")
    return int(text) / 1000 if text.isdecimal() and len(text) < 16 else None
