"""Causes of dead letters without AWS: bounds, refusals, and what odd messages say."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.snapshot.aws import Queue
from obs.snapshot.sqs import Cause, QueueRole
from obs.sources.aws.dead_letter_causes import (
    HIDDEN,
    MOST_CAUSES,
    OTHER,
    DeadLetterCauses,
    hidden_for,
    requests_of_reading,
)
from obs.spec.aws import AwsSource

NOW = 1_800_000_000.0
URLS = {"dlq": "https://sqs/dlq", "orders": "https://sqs/orders"}


class Messages:
    """An account whose queue holds these messages; those that are hidden are not received."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self.messages = list(messages)
        self.hidden: set[str] = set()
        self.asked: list[str] = []
        self.fail = ""

    def paid(
        self, service: str, operation: str, dollars: float, every: float, **parameters: Any
    ) -> dict[str, Any]:
        self.asked.append(operation)
        if operation == self.fail:
            raise SourceError("throttled", f"{operation}: throttled")
        if operation == "ChangeMessageVisibilityBatch":
            shown = {entry["ReceiptHandle"] for entry in parameters["Entries"]}
            assert all(entry["VisibilityTimeout"] == 0 for entry in parameters["Entries"])
            self.hidden -= shown
            return {}
        free = [m for m in self.messages if m["ReceiptHandle"] not in self.hidden]
        found = free[: parameters["MaxNumberOfMessages"]]
        if parameters["VisibilityTimeout"]:
            self.hidden |= {message["ReceiptHandle"] for message in found}
        return {"Messages": found} if found else {}


def message(number: int, code: str = "A", **attributes: str) -> dict[str, Any]:
    told = {"ERROR_CODE": code} | attributes
    return {
        "MessageId": f"{number}",
        "ReceiptHandle": f"receipt {number}",
        "Body": "secret",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        },
    }


def causes(account: Messages, **fields: Any) -> DeadLetterCauses:
    given = {"region": "us-east-1", "dead_letter_causes": True, **fields}
    return DeadLetterCauses("aws", AwsSource.model_validate(given), cast("AwsClient", account))


def queue(visible: int, name: str = "dlq", **changes: Any) -> Queue:
    return Queue(name, visible, None, **changes)


def test_no_more_messages_are_received_than_the_spec_allows_and_all_are_shown_again() -> None:
    account = Messages([message(number) for number in range(100)])
    told = causes(account, dead_letter_causes_most=30).read(URLS, [queue(100)], NOW)
    assert sum(told["dlq"].messages.values()) == 30
    assert account.asked == ["ReceiveMessage"] * 3 + ["ChangeMessageVisibilityBatch"] * 3
    assert account.hidden == set()


def test_later_readings_tell_of_further_messages_each_once() -> None:
    account = Messages([message(number, "A" if number < 12 else "B") for number in range(24)])
    reader = causes(account, dead_letter_causes_most=20)
    reader.read(URLS, [queue(24)], NOW)
    account.messages.reverse()  # SQS gives out others the next time
    told = reader.read(URLS, [queue(24)], NOW + 300)["dlq"].messages
    assert {cause.error_code: count for cause, count in told.items()} == {"A": 12, "B": 12}
    before = len(account.asked)
    reader.read(URLS, [queue(24)], NOW + 600)
    assert len(account.asked) == before  # all are known


def test_a_queue_is_not_read_more_often_than_the_interval() -> None:
    account = Messages([message(number) for number in range(5)])
    reader = causes(account, dead_letter_causes_most=10)
    for second in range(0, 300, 60):
        reader.read(URLS, [queue(5 + second)], NOW + second)
    assert account.asked == ["ReceiveMessage"]


def test_messages_that_are_gone_are_forgotten() -> None:
    account = Messages([message(number) for number in range(6)])
    reader = causes(account)
    reader.read(URLS, [queue(6)], NOW)
    del account.messages[2:]
    assert sum(reader.read(URLS, [queue(2)], NOW + 300)["dlq"].messages.values()) == 2
    assert reader.read(URLS, [queue(0)], NOW + 600)["dlq"].messages == {}


def test_messages_in_flight_are_not_taken_for_gone() -> None:
    reader = causes(Messages([message(number) for number in range(6)]))
    reader.read(URLS, [queue(6)], NOW)
    told = reader.read(URLS, [queue(2, in_flight=4)], NOW + 60)["dlq"].messages
    assert sum(told.values()) == 6


def test_a_message_without_any_attribute_is_of_unknown_cause() -> None:
    account = Messages([{"MessageId": "1", "ReceiptHandle": "r", "Body": "x"}])
    told = causes(account).read(URLS, [queue(1)], NOW)["dlq"].messages
    assert told == {Cause("unknown", "unknown", "unknown", "unknown"): 1}


def test_lambda_s_own_attributes_tell_a_cause_too() -> None:
    told = {"ErrorCode": "200", "ErrorMessage": "division by zero"}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in told.items()}
    account = Messages([{**message(1), "MessageAttributes": attributes}])
    known = causes(account).read(URLS, [queue(1)], NOW)["dlq"]
    (cause,) = known.messages
    assert (cause.error_code, known.examples[cause]) == ("200", "division by zero")


def test_more_causes_than_are_told_apart_are_one() -> None:
    account = Messages([message(number, f"CODE_{number}") for number in range(80)])
    told = causes(account, dead_letter_causes_most=100).read(URLS, [queue(80)], NOW)
    counts = told["dlq"].messages
    assert len(counts) == MOST_CAUSES + 1
    assert counts[OTHER] == 80 - MOST_CAUSES


def test_work_queues_and_queues_that_redrive_are_not_read() -> None:
    account = Messages([message(1)])
    work = queue(1, "orders", role=QueueRole.WORK)
    told = causes(account).read(URLS, [work, queue(1, redrives=True)], NOW)
    assert told.keys() == {"dlq"}
    assert "redrive policy" in told["dlq"].not_read
    assert account.asked == []


def test_nothing_is_read_where_the_spec_does_not_ask_for_it() -> None:
    account = Messages([message(1)])
    assert causes(account, dead_letter_causes=False).read(URLS, [queue(1)], NOW) == {}
    assert account.asked == []


def test_messages_are_shown_again_although_a_later_request_fails() -> None:
    account = Messages([message(number) for number in range(5)])
    reader = causes(account)
    account.fail = "ChangeMessageVisibilityBatch"
    told = reader.read(URLS, [queue(5)], NOW)["dlq"]
    assert "throttled" in told.not_read
    assert sum(told.messages.values()) == 5  # SQS shows them after HIDDEN seconds by itself
    assert 0 < HIDDEN <= 10


@pytest.mark.parametrize(
    ("name", "most", "hidden", "requests"),
    [("dlq", 50, HIDDEN, 10), ("dlq", 10, 0, 1), ("dlq.fifo", 50, 0, 1)],
)
def test_messages_of_fifo_queues_are_never_hidden_nor_where_one_request_is_enough(
    name: str, most: int, hidden: int, requests: int
) -> None:
    assert hidden_for(name, most) == hidden
    assert requests_of_reading(name, most) == requests


@given(
    st.dictionaries(
        st.sampled_from(["RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"]), st.text()
    )
)
def test_whatever_a_message_says_labels_are_printable_bounded_and_never_empty(
    attributes: Mapping[str, str],
) -> None:
    account = Messages([message(1, **cast("Any", attributes))] if attributes else [message(1)])
    told = causes(account).read(URLS, [queue(1)], NOW)["dlq"]
    (cause,) = told.messages
    for label in (cause.error_code, cause.bus, cause.rule, cause.target):
        assert 0 < len(label) <= 128
        assert label.isprintable()
    assert "secret" not in json.dumps([*map(str, told.examples.values())])
