"""Messages by subject: how servers' answers are read, and when they are asked for."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from obs.clients.nats_session import NatsSession
from obs.errors import SourceError
from obs.snapshot.assets import SubjectMessages
from obs.sources.nats.permissions import rights
from obs.sources.nats.subject_counts import AccountSubjects, Counted, SubjectCounts, matching
from obs.spec.nats import NatsConnection, NatsSource
from tests.integration.waiting import eventually

FOUND = SubjectMessages("OMS", "ORDERS", "orders.>", 3)


def info(subjects: dict[str, Any], total: int | None = None, **more: Any) -> bytes:
    matches = len(subjects) if total is None else total
    return json.dumps({"state": {"subjects": subjects}, "total": matches, **more}).encode()


def test_the_messages_of_all_subjects_that_match_are_summed_up() -> None:
    assert matching(info({"orders.a": 2, "orders.b": 5}), "orders.>") == 7
    assert matching(b'{"state": {"messages": 9}}', "none") == 0


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (info({"a": 1}, 100_001), "too_large", "100001 subjects match a.>"),
        (b'{"error": {"code": 404, "description": "stream\\nnot found"}}', "http_status", "not f"),
        (info({"a": -1}), "decode", "a.>"),
        (b"<html>", "decode", "a.>"),
    ],
)
def test_what_is_no_whole_answer_is_an_error_and_never_a_number(
    reply: bytes, reason: str, words: str
) -> None:
    with pytest.raises(SourceError, match=words) as error:
        matching(reply, "a.>")
    assert error.value.reason == reason


class Session:
    """Stands for a connection on which some streams cannot be asked for."""

    timeout = 1.0

    def __init__(self, opened: list["Session"], failing: str) -> None:
        opened.append(self)
        self.closed = 0
        self.failing = failing
        self.asked = 0

    def run(self, work: Callable[[Any], Any], limit: float) -> bytes:
        self.asked += 1
        work(self).close()
        if self.failing in self.subject:
            raise SourceError("auth", "no right")
        return info({"x": 1})

    async def _reply(self) -> bytes:
        return b""

    def request(self, subject: str, body: bytes) -> Any:
        self.subject = subject
        return self._reply()

    def close(self) -> None:
        self.closed += 1


def test_a_stream_that_fails_costs_no_other_and_no_connection_stays_open() -> None:
    opened: list[Session] = []
    spec = NatsConnection.model_validate(
        {
            "servers": ["nats://h:4222"],
            "account": "OMS",
            "count_subjects": {"HIDDEN": ["h", "i"], "ORDERS": ["orders.>", "orders.>", "x"]},
        }
    )
    account = AccountSubjects(lambda: cast("NatsSession", Session(opened, "HIDDEN")), spec)
    counted = account.count()
    assert counted.messages == (
        SubjectMessages("OMS", "ORDERS", "orders.>", 1),
        SubjectMessages("OMS", "ORDERS", "x", 1),
    )
    (problem,) = counted.problems
    assert "stream HIDDEN" in problem
    assert "no right" in problem
    assert [each.asked for each in opened] == [1, 2]
    assert [each.closed for each in opened] == [1, 1]


class Account:
    """Counts when it is let."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        self.counts = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def count(self) -> Counted:
        self.counts += 1
        self.go_on.wait(10)
        return self.counted

    def close(self) -> None:
        self.go_on.set()


def counts(account: Account, every: float = 300.0) -> SubjectCounts:
    return SubjectCounts("main", [cast("AccountSubjects", account)], every)


def test_subjects_are_counted_rarely_and_no_poll_waits_for_it() -> None:
    account = Account(Counted((FOUND,)))
    account.go_on.clear()
    counting = counts(account)
    counting.begin(0.0)
    assert counting.last == Counted()
    counting.begin(300.0)  # the first is still under way
    account.go_on.set()
    assert eventually(lambda: counting.last.messages, 10) == (FOUND,)
    eventually(lambda: counting.idle, 10)
    counting.begin(299.0)
    assert account.counts == 1
    counting.begin(300.0)
    eventually(lambda: account.counts == 2, 10)
    counting.close()


def test_what_failed_is_told_once_and_counted_again_after_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = Account(Counted((), ("account OMS: no right",)))
    counting = counts(account)
    with caplog.at_level(logging.WARNING):
        for number, now in enumerate((0.0, 60.0), 1):
            counting.begin(now)
            eventually(lambda: counting.idle, 10)
            counting.begin(now + 59)
            assert account.counts == number
    assert [each.getMessage() for each in caplog.records] == ["source main: account OMS: no right"]
    counting.close()


def test_nothing_is_counted_once_it_is_closed() -> None:
    account = Account(Counted((FOUND,)))
    counting = counts(account)
    counting.close()
    counting.begin(0.0)
    assert account.counts == 0


def connection(**subjects: list[str]) -> dict[str, Any]:
    return {"servers": ["nats://h:4222"], "count_subjects": subjects}


@pytest.mark.parametrize("wrong", ["", "a..b", "a.>.b", "a b", ".a", "a.", "a*", "x" * 257])
def test_a_filter_that_no_subject_can_match_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="count_subjects"):
        NatsConnection.model_validate(connection(ORDERS=[wrong]))


@pytest.mark.parametrize("right", [">", "*", "a", "a.*.c", "*.*", "$KV.owners.>", "$O.f.M.>"])
def test_a_subject_with_wildcards_is_a_filter(right: str) -> None:
    assert NatsConnection.model_validate(connection(ORDERS=[right]))


def test_a_connection_has_at_most_64_filters() -> None:
    most = connection(A=[f"a.{n}" for n in range(32)], B=[f"b.{n}" for n in range(32)])
    assert NatsConnection.model_validate(most)
    most["count_subjects"]["B"].append("b.32")
    with pytest.raises(ValueError, match="65 filters; a connection has at most 64"):
        NatsConnection.model_validate(most)


def test_the_printed_rights_include_the_streams_whose_subjects_are_counted() -> None:
    spec = NatsSource.model_validate(
        {"monitor": ["http://h:8222"], "connection": connection(ORDERS=["a"], B=["b", "c"])}
    )
    (user,) = rights("main", spec)
    assert user.publish == (
        "$JS.API.STREAM.MSG.GET.*",
        "$JS.API.STREAM.INFO.ORDERS",
        "$JS.API.STREAM.INFO.B",
    )
