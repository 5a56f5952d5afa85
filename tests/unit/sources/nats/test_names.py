"""Which names of a spec exist in a NATS cluster."""

from dataclasses import replace

import pytest

from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.nats import NatsSnapshot, Unwatched
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.sources.nats.jetstream import ClusterView
from obs.sources.nats.jsz import ConsumerReport, StreamReport
from obs.sources.nats.leaders import Reports, StreamKey
from obs.sources.nats.names import find, unwatched
from obs.spec.named import Found
from obs.spec.watched import SpecName


def stream(name: str, account: str = "A") -> Stream:
    return Stream(account, name, "c", StreamConfig(), 0, 0, 0, 0, None, None, 1)


def consumer(on: str, name: str, account: str = "A") -> Consumer:
    return Consumer(account, on, name, "c", ConsumerConfig(), 0, 0, 0, 0, 0, 0, 0)


UP = NatsServer("n1:8222", True, "n1")
DOWN = NatsServer("n2:8222", False)
OTHERS = (Unwatched("A", "LOGS"), Unwatched("A", "LOGS", "tail"), Unwatched("A", "O", "ephemeral"))


def snapshot(
    servers: tuple[NatsServer, ...] = (UP,), incomplete: tuple[IncompleteServer, ...] = ()
) -> NatsSnapshot:
    streams, consumers = (stream("O"),), (consumer("O", "worker"),)
    return NatsSnapshot(0.0, servers, streams, consumers, incomplete=incomplete, unwatched=OTHERS)


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        (SpecName("stream", "O"), True),
        (SpecName("stream", "LOGS"), True),  # the spec does not select it
        (SpecName("stream", "OO"), False),
        (SpecName("stream", "L*"), True),
        (SpecName("stream", "X*"), False),
        (SpecName("stream", "O", account="B"), False),
        (SpecName("stream", "O", account="[AB]"), True),
        (SpecName("consumer", "worker", "O"), True),
        (SpecName("consumer", "wroker", "O"), False),
        (SpecName("consumer", "ephemeral", "O"), True),  # summed up in its stream
        (SpecName("consumer", "worker", "OO"), None),  # its stream is missing
        (SpecName("consumer", "worker", "*"), True),
        (SpecName("consumer", "tail", "*"), False),  # on no stream that is watched
        (SpecName("consumer", "w*", "O"), True),
        (SpecName("bus", "O"), None),
    ],
)
def test_a_name_exists_where_something_matches_it(name: SpecName, exists: bool | None) -> None:
    assert find([name], snapshot())[0].exists is exists


@pytest.mark.parametrize(
    "partial",
    [
        snapshot((UP, DOWN)),
        snapshot(incomplete=(IncompleteServer("n1:8222", "n1", "recovering"),)),
    ],
)
def test_an_answer_in_part_makes_no_name_missing(partial: NatsSnapshot) -> None:
    names = [SpecName("stream", "O"), SpecName("stream", "OO"), SpecName("consumer", "x", "O")]
    assert [found.exists for found in find(names, partial)] == [True, None, None]


def test_before_the_first_answer_nothing_is_missing() -> None:
    assert find([SpecName("stream", "OO")], None) == [Found(None)]


def test_the_others_of_its_kind_are_told_for_the_near_name() -> None:
    streams, consumers = find(
        [SpecName("stream", "OO"), SpecName("consumer", "x", "O")], snapshot()
    )
    assert set(streams.like) == {"O", "LOGS"}
    assert set(consumers.like) == {"worker", "ephemeral"}


def test_what_exists_but_is_not_selected_is_kept_by_name() -> None:
    def reports(*names: str) -> Reports:
        consumers = {name: ConsumerReport(name, "c") for name in names}
        return Reports(StreamReport("x", "c"), True, led=consumers)

    merged = {
        StreamKey("A", "O"): reports("worker", "ephemeral"),
        StreamKey("A", "LOGS"): reports("tail"),
        StreamKey("B", "O"): reports("worker"),
    }
    streams = (stream("O"), stream("O", "B"))
    consumers = (consumer("O", "worker"), consumer("O", "worker", "B"))
    view = ClusterView(streams, consumers, {"excluded": 1, "ephemeral": 1}, configured=True)
    assert set(unwatched(merged, view)) == set(OTHERS)


def test_accounts_that_are_told_apart_by_their_ids_are_watched_by_their_labels() -> None:
    reports = Reports(StreamReport("O", "c"), True, led={"worker": ConsumerReport("worker", "c")})
    merged = {StreamKey("AID", "O"): reports, StreamKey("BID", "O"): reports}
    view = ClusterView(
        (stream("O", "orders"), stream("O", "orders (BID)")),
        (consumer("O", "worker", "orders"),),
        {"excluded": 1},
        configured=True,
        labels={"AID": "orders", "BID": "orders (BID)"},
    )
    assert unwatched(merged, view) == (Unwatched("orders (BID)", "O", "worker"),)


def test_a_name_with_wildcards_is_found_where_it_is_escaped_and_only_itself() -> None:
    odd = NatsSnapshot(
        0.0, (UP,), (stream("orders[eu]"), stream("orderse")), (consumer("orders[eu]", "what?"),)
    )
    escaped = SpecName("stream", "orders[[]eu]")
    assert find([escaped], odd) == [Found(True)]
    assert escaped.label == "orders[eu]"
    assert not escaped.is_glob
    assert find([SpecName("consumer", "what[?]", "orders[[]eu]")], odd) == [Found(True)]
    (missing,) = find([SpecName("stream", "orders[[]us]")], odd)
    assert missing.exists is False
    (glob,) = find([SpecName("stream", "orders[[]e]")], odd)
    assert glob.exists is False


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        (SpecName("stream", "FAR"), True),
        (SpecName("stream", "FRA"), False),
        (SpecName("consumer", "worker", "O"), True),
        (SpecName("consumer", "wroker", "O"), False),
        (SpecName("consumer", "tail", "FAR"), None),  # whoever watches its stream tells that
        (SpecName("consumer", "tail", "*"), None),
    ],
)
def test_of_a_stream_that_another_shard_watches_only_the_name_is_known(
    name: SpecName, exists: bool | None
) -> None:
    far = ("A", "FAR")
    there = replace(snapshot(), unwatched=(*OTHERS, Unwatched(*far)), elsewhere=frozenset({far}))
    assert find([name], there)[0].exists is exists
