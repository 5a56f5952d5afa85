import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from obs.clients.nats import Report
from obs.errors import SourceError
from obs.snapshot.messages import Question
from obs.sources.nats import arrival_times
from obs.sources.nats.arrival_times import ArrivalTimes
from obs.spec.nats import NatsConnection

SPEC = NatsConnection(servers=("nats://127.0.0.1:4222",))
QUESTION = Question("ORDERS", 7, ("orders.new",))
NOTHING = b'{"type":"x","error":{"code":404,"err_code":10037,"description":"no message found"}}'
DENIED = b'{"type":"x","error":{"code":503,"description":"JetStream system unavailable"}}'


def stored(seq: int, time: str = "2026-11-21T10:00:00.123456789Z") -> bytes:
    message = {"subject": "orders.new", "seq": seq, "data": "eA==", "time": time}
    return json.dumps({"type": "x", "message": message}).encode()


class Server:
    """Answers each request with bytes, raises an error, or never answers (None)."""

    def __init__(self, answer: Callable[[dict[str, object]], bytes | Exception | None]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, object]]] = []

    async def request(self, subject: str, body: bytes, timeout: float) -> SimpleNamespace:
        query = json.loads(body)
        self.requests.append((subject, query))
        answer = self.answer(query)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(data=answer)

    async def flush(self, timeout: int) -> None:
        """Its connection is sound."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def connected(
    monkeypatch: pytest.MonkeyPatch, server: Server, clock: Clock
) -> AsyncIterator[tuple[ArrivalTimes, Report]]:
    """What queries the server, and the function that reports its connection's errors."""
    made: asyncio.Future[Report] = asyncio.get_running_loop().create_future()

    async def keep_connected(
        spec: NatsConnection,
        name: str,
        use: Callable[[Server, Callable[[], None]], Awaitable[None]],
        report: Report,
    ) -> None:
        made.set_result(report)
        await use(server, lambda: report(None))

    monkeypatch.setattr(arrival_times, "keep_connected", keep_connected)
    monkeypatch.setattr(arrival_times, "TIMEOUT", 0.05)
    times = ArrivalTimes("main", SPEC, clock)
    task = asyncio.create_task(times.run())
    try:
        assert await times.query([QUESTION]) == {}  # it connects at the first query
        report = await asyncio.wait_for(made, 5)
        await asyncio.sleep(0)
        yield times, report
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_an_answer_is_the_first_matching_message_with_its_time(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    server = Server(lambda query: stored(9))
    async with connected(monkeypatch, server, clock) as (times, _):
        answers = await times.query([QUESTION])
    assert list(answers) == [QUESTION]
    assert answers[QUESTION].seq == 9
    assert answers[QUESTION].at == pytest.approx(1_795_255_200.123457, abs=1e-6)
    body = {"seq": 7, "next_by_subj": "orders.new"}
    assert server.requests == [("$JS.API.STREAM.MSG.GET.ORDERS", body)]


async def test_of_several_filters_the_earliest_message_counts(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    found = {"a": stored(12), "b": stored(8), "c": NOTHING}
    question = Question("ORDERS", 7, ("a", "b", "c"))
    server = Server(lambda query: found[str(query["next_by_subj"])])
    async with connected(monkeypatch, server, clock) as (times, _):
        assert (await times.query([question]))[question].seq == 8


async def test_without_a_filter_every_subject_matches(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    server = Server(lambda query: stored(7))
    async with connected(monkeypatch, server, clock) as (times, _):
        await times.query([Question("ORDERS", 7, ())])
    assert server.requests[0][1]["next_by_subj"] == ">"


async def test_where_no_message_matches_there_is_no_answer_and_no_warning(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(lambda query: NOTHING)
    async with connected(monkeypatch, server, clock) as (times, _):
        assert await times.query([QUESTION]) == {}
        assert await times.query([QUESTION]) == {}
    assert len(server.requests) == 2
    assert not caplog.records


@pytest.mark.parametrize("answer", [None, DENIED, b"rubbish", b"[]", TimeoutError()])
async def test_a_query_without_an_answer_is_logged_once_and_paused(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    answer: bytes | Exception | None,
) -> None:
    server = Server(lambda query: answer)
    async with connected(monkeypatch, server, clock) as (times, _):
        for _ in range(3):
            assert await times.query([QUESTION]) == {}
        assert len(server.requests) == 1
        clock.now += 61
        assert await times.query([QUESTION]) == {}
        assert len(server.requests) == 2
    assert len(caplog.records) == 1


async def test_one_query_without_an_answer_does_not_affect_the_others(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    silent = Question("ORDERS", 8, ("orders.new",))
    server = Server(lambda query: stored(9) if query["seq"] == 7 else None)
    async with connected(monkeypatch, server, clock) as (times, _):
        assert set(await times.query([silent, QUESTION])) == {QUESTION}
        assert set(await times.query([silent, QUESTION])) == {QUESTION}


async def test_after_a_refusal_no_query_is_made_for_ten_minutes(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(lambda query: stored(9))
    async with connected(monkeypatch, server, clock) as (times, report):
        for _ in range(2):
            report(SourceError("auth", "nats://127.0.0.1:4222: a permission is missing"))
            assert await times.query([QUESTION]) == {}
        assert not server.requests
        clock.now += 601
        assert await times.query([QUESTION]) != {}
    (record,) = caplog.records
    assert "obs nats permissions" in record.getMessage()


def owing_last() -> Question:
    began = datetime(2026, 11, 21, 10, tzinfo=UTC)
    return Question("ORDERS", 1, (">",), last_before=began.timestamp())


def log_of(*subjects: str, minute: int = 59) -> Callable[[dict[str, object]], bytes]:
    """A stream of messages with these subjects, all before ten; answers for the next by subject."""

    def answer(query: dict[str, object]) -> bytes:
        since, wanted = query["seq"], query["next_by_subj"]
        assert isinstance(since, int)
        for seq, subject in enumerate(subjects, 1):
            if seq >= since and wanted in {">", subject}:
                time = f"2026-11-21T09:{minute}:{seq % 60:02}Z"
                message = {"subject": subject, "seq": seq, "data": "eA==", "time": time}
                return json.dumps({"message": message}).encode()
        return NOTHING

    return answer


async def test_of_what_was_there_before_only_the_last_of_its_subject_is_owed(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    server = Server(log_of("a", "b", "a", "c", "b", "a"))
    async with connected(monkeypatch, server, clock) as (times, _):
        (found,) = (await times.query([owing_last()])).values()
        assert (found.seq, found.sure) == (4, True)


async def test_a_long_walk_goes_on_with_the_next_poll_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    server = Server(log_of(*["a"] * 40, "b"))
    async with connected(monkeypatch, server, clock) as (times, _):
        seen = []
        for _poll in range(3):
            (found,) = (await times.query([owing_last()])).values()
            seen.append((found.seq, found.sure))
        assert seen == [(17, False), (33, False), (40, True)]
