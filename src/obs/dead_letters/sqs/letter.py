"""The letter that a message of a dead-letter queue is."""

import json
from collections.abc import Mapping
from typing import Any, Final

from obs.dead_letters.letter import Content, DeadLetter
from obs.dead_letters.shown import line
from obs.sources.aws.dead_letter_causes import UNKNOWN, cause_of, sent_at

REPLAYED_FROM: Final = "Obs-Replayed-From"
"""Message attribute that tells that a message is a replay, and of which dead letter."""
OF_EVENTBRIDGE: Final = (
    *("RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"),
    *("EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"),
)
"""Attributes that EventBridge adds to a dead letter."""

Message = Mapping[str, Any]


def attribute(message: Message, name: str) -> str:
    """A message attribute as text; empty where there is none."""
    text = message.get("MessageAttributes", {}).get(name, {}).get("StringValue", "")
    return text if isinstance(text, str) else ""


def system_attribute(message: Message, name: str) -> str:
    """What SQS itself says of a message."""
    text = message.get("Attributes", {}).get(name, "")
    return text if isinstance(text, str) else ""


def event_id(message: Message) -> str:
    """The id of the event that a message holds; empty where it holds none."""
    event = event_of(message)
    found = event.get("id", "") if event else ""
    return found if isinstance(found, str) else ""


def event_of(message: Message) -> dict[str, Any] | None:
    """The event of EventBridge that a message holds; None where it holds none."""
    try:
        event = json.loads(message.get("Body", ""))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and "detail-type" in event else None


def letter_of(message: Message) -> DeadLetter:
    """The letter; it lies under the message's receipt."""
    cause, detail = cause_of(message)
    rule = f"{cause.bus}/{cause.rule}" if cause.rule != UNKNOWN else ""
    event = event_of(message) or {}
    replayed, of_event = attribute(message, REPLAYED_FROM), event_id(message)
    names = {message["MessageId"], replayed, *([f"event:{of_event}"] if of_event else [])}
    subject = event.get("detail-type", "")
    return DeadLetter(
        id=message["MessageId"],
        cause=line(cause.error_code),
        origin=rule or cause.target,
        at=sent_at(message),
        target=cause.target if rule else "",
        detail=line(detail),
        attempts=_attempts(message),
        handles=(message["ReceiptHandle"],),
        content=Content(
            message.get("Body", "").encode("utf-8", "replace"),
            tuple(
                (name, attribute(message, name))
                for name in sorted(message.get("MessageAttributes", {}))
            ),
            subject if isinstance(subject, str) else "",
        ),
        names=frozenset(names - {""}),
    )


def _attempts(message: Message) -> int:
    text = attribute(message, "RETRY_ATTEMPTS")
    return int(text) + 1 if text.isdecimal() and len(text) < 10 else 0
