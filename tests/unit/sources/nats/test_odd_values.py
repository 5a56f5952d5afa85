"""One odd value anywhere in what a server answers leaves out what it belongs to, and no more."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from obs.errors import SourceError
from obs.families.family import Family
from obs.sinks.exposition import Exposition
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.jsz import MOST
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.polled_cluster import PolledCluster
from obs.spec.nats import NatsSource
from obs.state import open_state

Step = str | int
Place = tuple[Step, ...]
Answer = dict[str, Any]

START: Final = 1_800_000_000.0

DEEP: Final = b"[" * 100_000 + b"]" * 100_000
ODD: Final = [
    *(b"-1", b"18446744073709551615", b"9223372036854775808", b"4611686018427387905"),
    *(b"9007199254740993", b"1" * 5000, b"1.5", b"1e400", b"true", b"null", b'"7"', b'""'),
    *(b"[]", b"{}", b"[null]", b'[{"name": 1}]', DEEP, b'{"a": ' + DEEP + b"}"),
    *(b'"\xff"', b'"\\ud800"', b'{"\xff": 1}', b'"a\\u0000\\n\\"b"'),
    *(b'"0000-01-01T00:00:00Z"', b'"10000-01-01T00:00:00Z"', b'"2026-01-01T00:00:00+24:00"'),
    *(b'"2026-01-01T00:00:00"', b'"2026-02-30T00:00:00Z"', b'"2026-01-01T00:00:00.1234567890123Z"'),
    *(b'"0001-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+14:00"', b'"1970-01-01T00:00:00Z"'),
    *(b'"1754-08-30T22:43:41.128654848Z"', b'"9999-12-31T23:59:59-23:59"'),
]
HOLE: Final = "(the odd value)"


def consumer(name: str, seq: int) -> Answer:
    return {
        "stream_name": "S",
        "name": name,
        "created": "2026-01-01T00:00:01Z",
        "delivered": {
            "consumer_seq": seq,
            "stream_seq": seq,
            "last_active": "2026-01-02T00:00:00Z",
        },
        "ack_floor": {"consumer_seq": seq, "stream_seq": seq},
        "num_ack_pending": 1,
        "num_redelivered": 0,
        "num_waiting": 1,
        "num_pending": 2,
        "push_bound": False,
        "paused": False,
        "cluster": {"leader": "n1", "replicas": [{"name": "n2", "current": True, "lag": 0}]},
        "config": {
            "durable_name": name,
            "ack_policy": "explicit",
            "ack_wait": 30_000_000_000,
            "max_deliver": 3,
            "max_ack_pending": 1000,
            "backoff": [1_000_000_000, 2_000_000_000],
            "filter_subjects": ["a", "b"],
        },
        "of a later server": {"more": [1, {"than": None}]},
    }


def stream(name: str, *consumers: Answer) -> Answer:
    return {
        "name": name,
        "created": "2026-01-01T00:00:00Z",
        "state": {
            "messages": 10,
            "bytes": 1000,
            "first_seq": 1,
            "first_ts": "2026-01-01T00:00:00Z",
            "last_seq": 10,
            "last_ts": "2026-01-02T00:00:00Z",
            "consumer_count": len(consumers),
        },
        "config": {
            "max_age": 3_600_000_000_000,
            "max_bytes": -1,
            "max_msgs": -1,
            "num_replicas": 2,
        },
        "cluster": {"leader": "n1", "replicas": [{"name": "n2", "current": True, "lag": 7}]},
        "consumer_detail": list(consumers),
    }


JSZ: Final[Answer] = {
    "server_id": "ID",
    "account_details": [
        {
            "name": "one",
            "id": "AONE",
            "stream_detail": [
                stream("S", consumer("a", 5), consumer("b", 6), consumer("c", 7)),
                stream("T", consumer("a", 8)),
            ],
        },
        {"name": "two", "id": "ATWO", "stream_detail": [stream("S", consumer("a", 9))]},
    ],
}
VARZ: Final[Answer] = {
    "server_id": "ID",
    "server_name": "n1",
    "version": "2.15.1",
    "connections": 3,
    "slow_consumers": 4,
    "cluster": {"urls": ["n2:6222"]},
    "jetstream": {
        "config": {"max_memory": 10, "max_storage": 20},
        "stats": {"memory": 5, "storage": 6, "api": {"errors": 7}},
    },
}


def places(value: object, begin: Place = ()) -> Iterator[Place]:
    """Of every value in a document, the whole aside."""
    inner: Sequence[tuple[Step, object]] = ()
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for step, each in inner:
        yield (*begin, step)
        yield from places(each, (*begin, step))


def changed(document: Answer, place: Place, odd: bytes | None) -> bytes:
    """The document with `odd` in a place; None: without that place."""
    whole = deepcopy(document)
    around: Any = whole
    for step in place[:-1]:
        around = around[step]
    if odd is None:
        del around[place[-1]]
    else:
        around[place[-1]] = HOLE
    return json.dumps(whole).encode().replace(f'"{HOLE}"'.encode(), odd or b"")


class Server:
    """Answer with what it has."""

    def __init__(self, name: str = "n1") -> None:
        self.id = json.dumps(name).encode()
        self.jsz = json.dumps(JSZ).encode()
        self.varz = json.dumps(VARZ | {"server_name": name, "server_id": name}).encode()
        self.requests: list[str] = []

    def get(self, url: str) -> bytes:
        self.requests.append(url)
        if "/healthz" in url:
            return b'{"status": "ok"}'
        return self.jsz.replace(b'"ID"', self.id) if "/jsz" in url else self.varz


class Cluster:
    """Servers by number, at h1, h2 and so on."""

    def __init__(self, *servers: Server) -> None:
        self.servers = servers

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        return self.servers[int(url.removeprefix("http://h")[0]) - 1].get(url)


def source_of(*servers: Server) -> PolledCluster:
    monitor = tuple(f"http://h{i}" for i in range(1, len(servers) + 1))
    spec = NatsSource(monitor=monitor, discover=False, ephemeral="each")
    return cluster_by_http("main", spec, Cluster(*servers), lambda: START)


def polled(*servers: Server) -> NatsSnapshot:
    with closing(source_of(*servers)) as source:
        return source.poll()


GOOD: Final = polled(Server())


def owner(place: Place) -> tuple[str, ...]:
    """The names of the account, the stream and the consumer that a place in JSZ is in."""
    here: Any = JSZ
    names: list[str] = []
    for before, step in zip(("", *place), place, strict=False):
        here = here[step]
        if str(before) in ("account_details", "stream_detail", "consumer_detail"):
            names.append(here["name"])
    return tuple(names)


def identity(each: Consumer | Stream) -> tuple[str, ...]:
    stream = each.stream if isinstance(each, Consumer) else each.name
    return (
        (each.account, stream, each.name) if isinstance(each, Consumer) else (each.account, stream)
    )


def everything(snapshot: NatsSnapshot) -> list[Consumer | Stream]:
    return [*snapshot.streams, *snapshot.consumers]


KNOWN: Final = {identity(each) for each in everything(GOOD)}


def outside(left_out: tuple[str, ...], snapshot: NatsSnapshot) -> list[Consumer | Stream]:
    """The streams and consumers of GOOD, as they are in the snapshot, but for what is left out."""
    return [
        each
        for each in everything(snapshot)
        if identity(each) in KNOWN and identity(each)[: len(left_out)] != left_out
    ]


PLACES: Final = [
    place for place in places(JSZ) if place not in (("server_id",), ("account_details",))
]
odd_values = st.sampled_from([*ODD, None])


@pytest.fixture(scope="module")
def tracker() -> Iterator[ConsumerTracker]:
    with TemporaryDirectory() as folder:
        state = open_state(Path(folder), lambda reason: None)
        spec = NatsSource(monitor=("http://h1",))
        yield ConsumerTracker("main", spec, state, lambda: None, START)


def exposed(families: Sequence[Family]) -> list[Sample]:
    exposition = Exposition()
    exposition.update("main", families)
    text = exposition.body(openmetrics=False, gzip=False).decode()
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


@given(place=st.sampled_from(PLACES), odd=odd_values)
def test_one_odd_value_leaves_out_what_it_is_in_and_changes_nothing_else(
    tracker: ConsumerTracker, place: Place, odd: bytes | None
) -> None:
    server = Server()
    server.jsz = changed(JSZ, place, odd)
    snapshot = polled(server)
    left_out = owner(place)
    assert outside(left_out, snapshot) == outside(left_out, GOOD)
    if place[-1] not in ("cluster", "leader"):
        assert all(each.leader for each in everything(snapshot))
    if left_out[2:] and not isinstance(place[-1], int):
        assert len(snapshot.consumers) + sum(snapshot.left_out.values()) == len(GOOD.consumers)
    for each in (snapshot, GOOD):
        samples = exposed(tracker.update(each))
        assert all(s.value > 0 for s in samples if s.name.endswith("_timestamp_seconds"))
    tracker.save(START)


@given(place=st.sampled_from(PLACES), odd=odd_values)
def test_an_odd_value_of_a_follower_changes_nothing_at_all(place: Place, odd: bytes | None) -> None:
    follower = Server("n2")
    follower.jsz = changed(JSZ, place, odd)
    snapshot = polled(Server(), follower)
    assert outside((), snapshot) == outside((), GOOD)


@given(place=st.sampled_from(list(places(VARZ))), odd=odd_values)
def test_an_odd_value_in_the_facts_of_a_server_leaves_out_that_number(
    place: Place, odd: bytes | None
) -> None:
    server = Server()
    server.id, server.varz = b'"ID"', changed(VARZ, place, odd)
    if place[0] in ("server_id", "server_name"):
        return  # without an identity nothing else can be told of it
    snapshot = polled(server)
    assert (snapshot.streams, snapshot.consumers) == (GOOD.streams, GOOD.consumers)
    (found,), (good,) = snapshot.servers, GOOD.servers
    differing = [
        name
        for name in good.__struct_fields__
        if name != "id" and getattr(found, name) != getattr(good, name)
    ]
    assert found.up
    several = place[-1] in ("jetstream", "config", "stats", "api")
    assert len(set(differing) - {"facts"}) <= (5 if several else 1)
    lost = good.facts.keys() - found.facts.keys()
    assert len(lost) <= (len(good.facts) if several else 1)
    assert found.facts.items() <= good.facts.items()


def logged(caplog: pytest.LogCaptureFixture, *answers: bytes) -> list[str]:
    """What is logged while a server answers these, one after the other."""
    server = Server()
    with closing(source_of(server)) as source:
        for server.jsz in answers:
            source.poll()
    return caplog.messages


PENDING: Final[Place] = (
    *("account_details", 0, "stream_detail", 0, "consumer_detail", 1),
    "num_pending",
)


def test_a_counter_that_wrapped_is_told_once_with_its_consumer_and_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, odd = json.dumps(JSZ).encode(), changed(JSZ, PENDING, str(2**64 - 1).encode())
    assert logged(caplog, odd, odd, good, odd) == [
        "main: left out: consumer b of stream S of account one: "
        "num_pending: Expected `int` <= 9007199254740992"
    ]


def test_an_odd_configuration_is_told_as_that_and_not_read_again_at_every_poll() -> None:
    server = Server()
    server.jsz = changed(JSZ, (*PENDING[:-1], "config", "max_deliver"), b'"3"')
    with closing(source_of(server)) as source:
        first = source.poll()
        without_config = deepcopy(JSZ)
        for account in without_config["account_details"]:
            for each in account["stream_detail"]:
                del each["config"]
                for inner in each["consumer_detail"]:
                    del inner["config"]
        server.jsz = json.dumps(without_config).encode()
        later = source.poll()
    for snapshot in (first, later):
        assert (snapshot.left_out["unreadable"], snapshot.left_out["new"]) == (1, 0)
    assert sum("config=1" in url for url in server.requests) == 1


def test_many_odd_values_are_told_in_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    odd = [consumer(f"c{number}", 1) | {"num_pending": -1} for number in range(100)]
    page = {
        "server_id": "ID",
        "account_details": [{"name": "A", "stream_detail": [stream("S", *odd)]}],
    }
    assert len(logged(caplog, json.dumps(page).encode())) == 11


def test_an_answer_in_which_nothing_is_readable_is_an_error_that_names_a_value() -> None:
    server = Server()
    page = {
        "server_id": "ID",
        "account_details": [{"name": "A", "stream_detail": [{"name": "S", "state": 5}]}],
    }
    server.jsz = json.dumps(page).encode()
    with pytest.raises(SourceError, match=r"stream S of account A: state: Expected `object`"):
        polled(server)


def test_of_two_consumers_with_one_name_in_an_answer_the_one_further_ahead_stands() -> None:
    server = Server()
    server.jsz = changed(JSZ, (*PENDING[:-1], "name"), b'"a"')
    assert [each.delivered_consumer_seq for each in polled(server).consumers][:2] == [6, 7]


def test_an_answer_nested_more_deeply_than_the_stack_is_read_but_for_that() -> None:
    server = Server()
    server.jsz = changed(JSZ, (*PENDING[:-1], "of a later server"), DEEP)
    assert polled(server).consumers == GOOD.consumers


@pytest.mark.parametrize("nested", [DEEP, DEEP[:-1], DEEP[:100_000], b'{"server_id":' * 100_000])
def test_what_is_only_nested_is_an_error_in_one_line(nested: bytes) -> None:
    server = Server()
    server.jsz = nested
    with pytest.raises(SourceError, match=r"^h1: not a response of nats-server: [^\n]+$"):
        polled(server)


COUNTS: Final = st.sampled_from([0, 1, 2**31, 2**53 - 1, MOST])
SEQUENCES: Final = st.sampled_from([0, 1, 2**53, 2**62 - 1, 2**62])
NUMBERS: Final = {
    "delivered": st.fixed_dictionaries({"consumer_seq": COUNTS, "stream_seq": SEQUENCES}),
    "ack_floor": st.fixed_dictionaries({"stream_seq": SEQUENCES}),
    "num_pending": COUNTS,
    "num_ack_pending": COUNTS,
    "num_redelivered": COUNTS,
    "created": st.sampled_from(["1", "2"]),
}
STATES: Final = st.fixed_dictionaries(
    {
        "messages": COUNTS,
        "bytes": COUNTS,
        "first_seq": SEQUENCES,
        "last_seq": SEQUENCES,
        "first_ts": st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
        "last_ts": st.sampled_from(["2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
    }
)


@given(
    polls=st.lists(st.tuples(STATES, st.fixed_dictionaries(NUMBERS)), min_size=1, max_size=6),
    filters=st.sampled_from([[], ["a"]]),
)
def test_numbers_that_can_be_read_never_overflow_later(
    tracker: ConsumerTracker, polls: list[tuple[Answer, Answer]], filters: list[str]
) -> None:
    server = Server()
    with closing(source_of(server)) as source:
        for state, numbers in polls:
            each = consumer("extreme", 1) | numbers
            each["config"] |= {"filter_subjects": filters}
            of_stream = stream("X", each) | {"state": state}
            details = [{"name": "A", "stream_detail": [of_stream]}]
            server.jsz = json.dumps({"server_id": "ID", "account_details": details}).encode()
            snapshot = source.poll()
            assert len(snapshot.consumers) == 1
            exposed(tracker.update(snapshot))
            tracker.save(START)
