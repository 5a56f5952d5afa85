"""Letters on JetStream, from stored messages to what is published again; the server is a double."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dead_letters.box import Outcome, Parcel, Route
from obs.dead_letters.jetstream.advisories import AdvisoryBox
from obs.dead_letters.jetstream.api import Ack, Jetstream, Stored, StreamFacts
from obs.dead_letters.jetstream.box import bad_subject
from obs.dead_letters.jetstream.headers import Headers, of_replay, parsed, value
from obs.dead_letters.jetstream.published import PublishedBox
from obs.dead_letters.jetstream.rights import rights
from obs.dead_letters.letter import Content
from obs.spec.nats import DeadLetterStream, NatsConnection, NatsSource
from tests.unit.dead_letters.letters import letter

TYPE = "io.nats.jetstream.advisory.v1."
CONNECTION = NatsConnection(servers=("nats://localhost:4222",), advisory_stream="ADVISORIES")


class Server(Jetstream):
    """Streams by name: facts and messages; `acks` is how publishing is answered."""

    def __init__(self, streams: Mapping[str, Sequence[Stored]], window: float = 120.0) -> None:
        self.streams = streams
        self.window = window
        self.acks: list[Ack] = []
        self.published: list[tuple[str, Headers, bytes]] = []

    def facts(self, stream: str) -> StreamFacts | None:
        found = self.streams.get(stream)
        if found is None:
            return None
        return StreamFacts(found[0].seq, found[-1].seq, len(found), self.window)

    def read(
        self, stream: str, filters: Sequence[str], start: int, until: int, most: int
    ) -> tuple[list[Stored], int]:
        return [*self.streams[stream]], until + 1

    def stored(self, places: Sequence[tuple[str, int]]) -> list[Stored | None]:
        by_place = {(name, each.seq): each for name, of in self.streams.items() for each in of}
        return [by_place.get(place) for place in places]

    def publish(self, messages: Sequence[tuple[str, Headers, bytes]]) -> list[Ack]:
        self.published += messages
        return self.acks


def advisory(seq: int, **changes: object) -> Stored:
    told = {
        "type": f"{TYPE}max_deliver",
        "id": f"id-{seq}",
        "timestamp": "2026-03-01T12:00:00Z",
        "stream": "ORDERS",
        "consumer": "worker",
        "stream_seq": seq,
        "deliveries": 3,
        **changes,
    }
    return Stored(seq, "$JS.EVENT.ADVISORY…", 2_000.0, (), json.dumps(told).encode())


def order(seq: int, at: float = 0.0, *headers: tuple[str, str]) -> Stored:
    return Stored(seq, f"orders.{seq}", at, headers, b"{}")


def box_of(server: Jetstream, now: float = 10_000.0) -> AdvisoryBox:
    return AdvisoryBox("main/ADVISORIES", server, "ADVISORIES", CONNECTION, lambda: now)


def test_an_advisory_is_a_letter_with_its_cause() -> None:
    terminated = {"type": f"{TYPE}terminated", "reason": "no mailbox of ada@example.com"}
    server = Server({"ADVISORIES": [advisory(7), advisory(8, **terminated)], "ORDERS": [order(1)]})
    first, second = box_of(server).read()
    assert (first.id, first.cause, first.origin, first.attempts) == (
        "ORDERS/worker/7",
        "max_deliveries",
        "ORDERS/worker",
        3,
    )
    assert first.at == 1_772_366_400.0
    assert second.cause == "terminated: no mailbox of [email]"


def test_two_advisories_of_one_message_are_one_letter() -> None:
    stored = [advisory(7), advisory(8, stream_seq=7)]
    (one,) = box_of(Server({"ADVISORIES": stored, "ORDERS": [order(1)]})).read()
    assert one.handles == ("7", "8")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[1]", b'{"type": "io.nats.jetstream.advisory.v1.terminated"}', b"\xff" * 9],
)
def test_what_is_no_advisory_of_a_dead_letter_is_none(data: bytes) -> None:
    stored = [Stored(1, "x", None, (), data), advisory(2, stream="a/b"), advisory(3, type="other")]
    assert box_of(Server({"ADVISORIES": stored})).read() == []


def test_a_letter_whose_message_is_gone_says_so() -> None:
    stored = [advisory(1), advisory(6), advisory(9, stream="GONE")]
    box = box_of(Server({"ADVISORIES": stored, "ORDERS": [order(5), order(7)]}))
    early, between, other = box.read()
    assert early.gone == "message 1 is no longer in stream ORDERS"
    assert between.gone == ""
    assert other.gone == "there is no stream GONE any more"
    assert box.filled([between])[0].gone == "message 6 is no longer in stream ORDERS"


def sent(server: Server, *acks: Ack, again: bool = False) -> list[Outcome]:
    server.acks = [*acks]
    box = box_of(server)
    letters = box.filled(box.read())
    routes = box.routes(letters, None)
    return [
        *box.send([Parcel(each, route, again) for each, route in zip(letters, routes, strict=True)])
    ]


def test_a_replay_has_the_original_subject_headers_and_message_id() -> None:
    message = order(7, 0.0, ("X-A", "1"), ("X-A", "2"), ("nats-msg-id", "o-7"), ("Nats-TTL", "1h"))
    server = Server({"ADVISORIES": [advisory(7)], "ORDERS": [message]})
    (outcome,) = sent(server, Ack("ORDERS", 99))
    assert (outcome.refused, outcome.names) == ("", ("ORDERS#99", "ORDERS/worker/7"))
    ((subject, headers, data),) = server.published
    assert (subject, data) == ("orders.7", b"{}")
    assert [*headers.items()] == [
        ("X-A", "1"),
        ("X-A", "2"),
        ("Nats-TTL", "1h"),
        ("Nats-Msg-Id", "o-7"),
        ("Obs-Replayed-From", "ORDERS/worker/7"),
    ]


def test_a_message_without_an_id_gets_one_that_is_the_same_at_each_try() -> None:
    server = Server({"ADVISORIES": [advisory(7)], "ORDERS": [order(7)]})
    sent(server, Ack("ORDERS", 99))
    sent(server, Ack("ORDERS", 99))
    first, second = (headers["Nats-Msg-Id"] for _, headers, _ in server.published)
    assert first == second == "obs-replay:ORDERS/worker/7~1772366400.000"


@pytest.mark.parametrize("again", [False, True])
def test_what_a_stream_drops_for_the_original_is_not_replayed(again: bool) -> None:
    server = Server({"ADVISORIES": [advisory(7)], "ORDERS": [order(7, 0.0, ("Nats-Msg-Id", "a"))]})
    (outcome,) = sent(server, Ack("ORDERS", 7, duplicate=True), again=again)
    assert "still knows the Nats-Msg-Id of the original" in outcome.refused


def test_what_a_stream_drops_for_an_earlier_replay_is_replayed() -> None:
    earlier = order(99, 0.0, ("Obs-Replayed-From", "ORDERS/worker/7"))
    server = Server({"ADVISORIES": [advisory(7)], "ORDERS": [order(7), earlier]})
    (outcome,) = sent(server, Ack("ORDERS", 99, duplicate=True))
    assert (outcome.refused, outcome.duplicate) == ("", True)


def test_a_letter_waits_until_its_stream_forgets_the_original() -> None:
    message = order(7, 9_950.0, ("Nats-Msg-Id", "a"))
    box = box_of(Server({"ADVISORIES": [advisory(7)], "ORDERS": [message]}))
    (route,) = box.routes(box.filled(box.read()), None)
    assert route.problem.endswith("for 70 s more")


def published_box(*stored: Stored, **fields: str) -> PublishedBox:
    spec = DeadLetterStream(stream="DLQ", **fields)
    return PublishedBox("main/DLQ", Server({"DLQ": stored}), spec)


def test_a_dead_letter_stream_tells_cause_subject_and_consumer_in_headers() -> None:
    given = (("dlq-reason", "late"), ("Original-Subject", "orders.a"), ("X-Consumer", "worker"))
    box = published_box(order(1, 5.0, *given), order(2, 6.0))
    first, second = box.filled(box.read())
    assert (first.id, first.cause, first.origin) == ("DLQ/1", "late", "worker")
    assert (second.cause, second.origin) == ("unknown", "unknown")
    assert [each.to for each in box.routes([first, second], None)] == ["orders.a", ""]
    assert [each.to for each in box.routes([first, second], "orders.x")] == ["orders.x"] * 2


def test_the_spec_names_other_headers() -> None:
    box = published_box(order(1, 5.0, ("Why", "late")), cause_header="Why")
    assert box.read()[0].cause == "late"


def test_nothing_is_replayed_into_the_dead_letter_stream_itself() -> None:
    box = published_box(order(1, 5.0, ("Original-Subject", "orders.1")))
    (route,) = box.routes(box.filled(box.read()), "orders.1")
    assert "the one of the dead letter" in route.problem


@pytest.mark.parametrize("subject", ["", "orders.*", ">", "a b", "a..b", "$JS.API.STREAM.PURGE.X"])
def test_nothing_is_replayed_to_what_is_no_subject_or_the_servers(subject: str) -> None:
    assert bad_subject(subject)


def test_headers_that_a_server_obeys_are_not_repeated() -> None:
    given = [
        *(("Nats-Rollup", "all"), ("Nats-Expected-Last-Sequence", "3"), ("Nats-Stream", "X")),
        *(("Dead-Letter-Cause", "late"), ("Keep", "1")),
    ]
    assert of_replay(given, "DLQ/1", "id") == [
        ("Keep", "1"),
        ("Nats-Msg-Id", "id"),
        ("Obs-Replayed-From", "DLQ/1"),
    ]


def test_headers_are_read_as_they_are_stored() -> None:
    block = b"NATS/1.0\r\nA: 1\r\nA:2\r\nno header\r\nB: x: y\r\n\r\n"
    assert parsed(block) == (("A", "1"), ("A", "2"), ("B", "x: y"))
    assert value(parsed(block), "missing", "b") == "x: y"


@given(st.binary(max_size=200))
def test_any_block_of_headers_is_read(block: bytes) -> None:
    for name, text in parsed(block):
        assert isinstance(name + text, str)


def test_the_rights_are_those_of_the_streams_that_hold_letters() -> None:
    source = NatsSource(
        connection=CONNECTION.model_copy(update={"dead_letters": DeadLetterStream(stream="DLQ")})
    )
    (user,) = rights("main", source, ["orders.>"])
    assert user.publish == (
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.MSG.GET.*",
        "$JS.API.CONSUMER.CREATE.ADVISORIES",
        "$JS.API.CONSUMER.MSG.NEXT.ADVISORIES.*",
        "$JS.API.STREAM.MSG.DELETE.ADVISORIES",
        "$JS.API.CONSUMER.CREATE.DLQ",
        "$JS.API.CONSUMER.MSG.NEXT.DLQ.*",
        "$JS.API.STREAM.MSG.DELETE.DLQ",
        "orders.>",
    )
    nothing = NatsSource(connection=NatsConnection(servers=CONNECTION.servers))
    assert [*rights("main", nothing, [])] == []


def test_a_subject_of_the_user_goes_before_the_original_one() -> None:
    box = box_of(Server({"ADVISORIES": [advisory(7)], "ORDERS": [order(7)]}))
    filled = box.filled(box.read())
    assert box.routes(filled, "retry.orders")[0].to == "retry.orders"
    there = letter(7, content=Content(b"", (), "orders.*"))
    assert box.routes([there], None)[0] == Route(
        "",
        "obs-replay:ORDERS/worker/7~1007.000",
        "its subject is none that can be published to; give --to SUBJECT",
    )
