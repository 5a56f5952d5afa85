from datetime import UTC, datetime

import pytest

from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig, StreamTraits
from obs.sources.nats.jetstream import ClusterView, KnownSettings, SourceSelection
from obs.sources.nats.jsz import (
    Cluster,
    ConsumerReport,
    ConsumerSettings,
    Delivered,
    Floor,
    OriginReport,
    Replica,
    StreamReport,
    StreamSettings,
    StreamState,
    Upstream,
)
from obs.sources.nats.leaders import Merged, Reports, StreamKey
from obs.spec.nats import NatsSource, Selection

KEY = StreamKey("A", "S")
EMPTY = StreamState()
NOTHING = {"excluded": 0, "ephemeral": 0, "cap": 0, "new": 0, "unreadable": 0}


def consumer(
    name: str,
    created: str = "1",
    *,
    durable: bool = True,
    num_pending: int = 0,
    num_ack_pending: int = 0,
) -> ConsumerReport:
    settings = ConsumerSettings(durable_name=name if durable else "")
    return ConsumerReport(
        name=name,
        created=created,
        config=settings,
        num_pending=num_pending,
        num_ack_pending=num_ack_pending,
    )


def merged(
    *consumers: ConsumerReport,
    created: str = "0",
    state: StreamState = EMPTY,
    cluster: Cluster | None = None,
) -> Merged:
    stream = StreamReport(
        name="S", created=created, config=StreamSettings(), state=state, cluster=cluster
    )
    return {KEY: Reports(stream, True, {report.name: report for report in consumers})}


def view(found: Merged, *, learned: Merged | None = None, **fields: object) -> ClusterView:
    settings = KnownSettings()
    settings.learn(found if learned is None else learned, complete=True)
    spec = NatsSource.model_validate({"monitor": ("http://h:1",), **fields})
    return SourceSelection(spec).view(found, settings)


def names(found: ClusterView) -> list[str]:
    return [consumer.name for consumer in found.consumers]


def test_every_field_of_a_consumer_comes_from_its_own_place() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    report = ConsumerReport(
        name="c",
        created="2026",
        delivered=Delivered(1, 2, moment),
        ack_floor=Floor(3),
        num_pending=4,
        num_ack_pending=5,
        num_redelivered=6,
        num_waiting=7,
        push_bound=True,
        paused=False,
        cluster=Cluster("n", (Replica(current=True), Replica(), Replica(True, True))),
        config=ConsumerSettings(durable_name="c", ack_policy="all"),
    )
    assert view(merged(report)).consumers == (
        Consumer(
            account="A",
            stream="S",
            name="c",
            created="2026",
            config=ConsumerConfig(ack_policy="all", ack_wait=0.0),
            delivered_consumer_seq=1,
            delivered_stream_seq=2,
            ack_floor_stream_seq=3,
            pending=4,
            ack_pending=5,
            redelivered=6,
            waiting=7,
            last_delivery=moment.timestamp(),
            paused=False,
            push_bound=True,
            leader=True,
            replicas_behind=2,
            account_id="A",
        ),
    )


def test_every_field_of_a_stream_comes_from_its_own_place() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    found = merged(
        created="2025",
        state=StreamState(1, 2, 3, first, 4, last, 5, 6, 7),
        cluster=Cluster("n", (Replica(current=True, lag=6, name="n2"), Replica(lag=7, name="n3"))),
    )
    assert view(found).streams == (
        Stream(
            account="A",
            name="S",
            created="2025",
            config=StreamConfig(discard_new=False, traits=StreamTraits("file")),
            messages=1,
            bytes=2,
            first_seq=3,
            last_seq=4,
            first_time=first.timestamp(),
            last_time=last.timestamp(),
            consumers=5,
            replicas_behind=1,
            replica_lag=7,
            holders=("", "n2", "n3"),
            subjects=6,
            deleted=7,
        ),
    )


def test_an_emptied_stream_has_no_first_message_but_a_last_time() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found = merged(state=StreamState(messages=0, first_ts=moment, last_ts=moment))
    (stream,) = view(found).streams
    assert (stream.first_time, stream.last_time) == (None, moment.timestamp())


def test_consumers_that_the_streams_leader_cannot_see_are_counted_too() -> None:
    found = merged(consumer("a"), consumer("b"), state=StreamState(consumer_count=1))
    assert view(found).streams[0].consumers == 2


def test_a_consumer_without_a_leader_is_included_and_marked() -> None:
    found = merged()
    found[KEY].unled["c"] = consumer("c")
    assert [consumer.leader for consumer in view(found).consumers] == [False]


def test_consumers_are_sorted_by_name_with_or_without_a_leader() -> None:
    found = merged(consumer("d"), consumer("a"))
    found[KEY].unled |= {"c": consumer("c"), "b": consumer("b")}
    assert names(view(found)) == ["a", "b", "c", "d"]


def test_what_a_glob_leaves_out_is_counted_with_the_consumers_of_excluded_streams() -> None:
    found = merged(consumer("keep"), consumer("drop-1"))
    found[StreamKey("A", "T")] = Reports(StreamReport("T"), True, {"keep": consumer("keep")})
    seen = view(found, streams=Selection(exclude=("T",)), consumers=Selection(exclude=("drop-*",)))
    assert names(seen) == ["keep"]
    assert [stream.name for stream in seen.streams] == ["S"]
    assert seen.left_out == NOTHING | {"excluded": 2}


def test_a_stream_is_a_mirror_by_its_settings_and_before_they_are_read_by_its_report() -> None:
    settings = StreamSettings(mirror=Upstream("ORDERS"))
    unread = StreamReport(name="S", created="0", mirror=OriginReport("ORDERS"))
    lately_led = StreamReport(name="S", created="0", config=settings)  # copies nothing yet
    for report, learned in ((unread, {}), (lately_led, {KEY: Reports(lately_led, True)})):
        (stream,) = view({KEY: Reports(report, True)}, learned=learned).streams
        assert stream.config.mirrors


def test_ephemeral_consumers_are_summed_up_in_their_stream() -> None:
    found = merged(
        consumer("d"),
        consumer("e1", durable=False, num_pending=3, num_ack_pending=4),
        consumer("e2", durable=False, num_pending=5),
    )
    seen = view(found)
    assert names(seen) == ["d"]
    assert (seen.streams[0].ephemeral_consumers, seen.streams[0].ephemeral_lag) == (2, 12)
    assert seen.left_out == NOTHING | {"ephemeral": 2}


def test_ephemeral_consumers_have_series_where_the_spec_wants_them() -> None:
    seen = view(merged(consumer("e", durable=False)), ephemeral="each")
    assert names(seen) == ["e"]
    assert seen.streams[0].ephemeral_consumers == 0


def test_the_cap_keeps_the_oldest_so_that_a_new_consumer_replaces_none() -> None:
    old = [consumer("m", "2026-01"), consumer("n", "2026-02")]
    seen = view(merged(*old, consumer("a", "2026-03")), max_consumers=2)
    assert names(seen) == ["m", "n"]
    assert seen.left_out == NOTHING | {"cap": 1}


def test_a_consumer_of_unknown_configuration_waits_as_new() -> None:
    found = merged(consumer("known"), consumer("later"))
    seen = view(found, learned=merged(consumer("known")))
    assert names(seen) == ["known"]
    assert seen.left_out == NOTHING | {"new": 1}


def scope() -> SourceSelection:
    return SourceSelection(NatsSource(monitor=("http://h:1",)))


def configured(settings: KnownSettings, found: Merged) -> bool:
    return scope().view(found, settings).configured


def test_the_configuration_of_an_earlier_consumer_of_the_name_is_not_taken() -> None:
    earlier, later = merged(consumer("c", "1")), merged(consumer("c", "2"))
    settings = KnownSettings()
    settings.learn(earlier, complete=True)
    assert configured(settings, earlier)
    assert not configured(settings, later)


def test_a_stream_created_anew_is_unknown_with_all_its_consumers() -> None:
    settings = KnownSettings()
    settings.learn(merged(consumer("c"), created="1"), complete=True)
    again = merged(consumer("c"), created="2")
    assert not configured(settings, again)
    assert names(scope().view(again, settings)) == []


def test_an_unknown_stream_without_consumers_is_not_configured() -> None:
    assert not configured(KnownSettings(), merged())


def test_what_is_excluded_needs_no_configuration() -> None:
    found = merged(consumer("known"), consumer("drop-1"))
    seen = view(found, learned=merged(consumer("known")), consumers=Selection(exclude=("drop-*",)))
    assert seen.configured


def test_configurations_survive_while_a_server_that_holds_them_is_down() -> None:
    settings = KnownSettings()
    both = merged(consumer("a"), consumer("b"))
    settings.learn(both, complete=True)
    settings.learn(merged(consumer("a")), complete=False)
    assert configured(settings, both)
    settings.learn(merged(consumer("a")), complete=True)
    assert not configured(settings, both)


def test_configurations_do_not_pile_up_while_some_server_is_never_reached() -> None:
    settings = KnownSettings()
    settings.learn(merged(consumer("gone")), complete=False)
    for _ in range(120):
        settings.learn(merged(consumer("there")), complete=False)
    assert configured(settings, merged(consumer("there")))
    assert not configured(settings, merged(consumer("gone")))


@pytest.mark.parametrize("odd", [-1, 2**53 + 1])
def test_an_odd_number_of_subjects_or_deletes_is_absent_and_hides_nothing_else(odd: int) -> None:
    state = StreamState(messages=1, num_subjects=odd, num_deleted=odd)
    (stream,) = view(merged(state=state)).streams
    assert (stream.messages, stream.subjects, stream.deleted) == (1, None, None)
