"""What is told of a consumer and of a stream."""

from math import inf

import pytest

from obs.catalogue import nats
from obs.families.family import RowCache
from obs.families.nats import (
    MAX_ORIGINS,
    ConsumerRows,
    consumer_families,
    origin_families,
    stream_families,
)
from obs.lag.status import Status
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot import Consumer, ConsumerConfig, Origin, Stream, StreamConfig


@pytest.mark.parametrize(("ack_pending", "told"), [(0, 0), (12, 12), (40, 29)])
def test_messages_that_were_given_up_are_not_told_as_redelivered_in_flight(
    ack_pending: int, told: int
) -> None:
    consumer = Consumer(
        account="OMS",
        stream="OMS_EVENTS",
        name="oms-processor",
        created="2026-11-21T12:00:00Z",
        config=ConsumerConfig(max_deliver=3),
        delivered_consumer_seq=100,
        delivered_stream_seq=50,
        ack_floor_stream_seq=50,
        pending=0,
        ack_pending=ack_pending,
        redelivered=29,  # as nats-server goes on saying after 29 dead letters
        waiting=1,
    )
    verdict = ConsumerVerdict(ack_pending, 0.0, 0.0, Status.OK, (), 0.0, None, 100, 0)
    rows = ConsumerRows().of([("main", "OMS", "OMS_EVENTS", "oms-processor")])
    families = consumer_families(rows, [consumer], [verdict], [29], tolerance=1.0, since=0.0)
    values = {family.metric: family.values for family in families}
    assert values[nats.REDELIVERED_MESSAGES] == [told]


@pytest.mark.parametrize("evicted", [None, 0, 7])
def test_evicted_messages_are_told_as_far_as_they_are_known(evicted: int | None) -> None:
    consumer = Consumer("A", "S", "c", "t", ConsumerConfig(), 1, 1, 1, 0, 0, 0, 0)
    verdict = ConsumerVerdict(0, 0.0, 0.0, Status.OK, (), 0.0, None, 1, 0, evicted)
    rows = ConsumerRows().of([("main", "A", "S", "c")])
    families = consumer_families(rows, [consumer], [verdict], [None], tolerance=1.0, since=0.0)
    values = {family.metric: family.values for family in families}
    assert values[nats.EVICTED_MESSAGES] == [evicted]


@pytest.mark.parametrize(("known", "told"), [(True, 1), (False, 0), (None, None)])
def test_whether_a_stream_refuses_messages_is_told_once_it_is_known(
    known: bool | None, told: int | None
) -> None:
    config = StreamConfig(discard_new=known)
    stream = Stream("OMS", "OMS_EVENTS", "t", config, 1, 1, 1, 1, 0.0, 0.0, 0)
    families = stream_families("main", [stream], RowCache(), rolled_up=False)
    values = {family.metric: family.values for family in families}
    assert values[nats.STREAM_DISCARD_NEW] == [told]


def stream_of(*sources: Origin, mirror: Origin | None = None) -> Stream:
    return Stream(
        "OMS", "COPY", "t", StreamConfig(), 1, 1, 1, 1, 0.0, 0.0, 0, mirror=mirror, sources=sources
    )


def origins(*streams: Stream) -> dict[tuple[str, ...], tuple[object, object]]:
    lag, inactive = origin_families("main", streams, RowCache())
    values = zip(lag.values, inactive.values, strict=True)
    return dict(zip(lag.rows.values, values, strict=True))


def test_a_mirror_and_each_source_tell_what_is_not_copied_and_how_long_they_are_silent() -> None:
    mirror = stream_of(mirror=Origin("ORDERS", 12, 0.4))
    both = stream_of(Origin("A", 3, 1.0), Origin("B", 0, inf))
    assert origins(mirror) == {("main", "OMS", "COPY", "ORDERS"): (12, 0.4)}
    assert origins(both) == {
        ("main", "OMS", "COPY", "B"): (0, inf),
        ("main", "OMS", "COPY", "A"): (3, 1.0),
    }


def test_of_many_sources_the_worst_have_series_and_each_name_has_one() -> None:
    many = stream_of(*(Origin(f"S{n}", n, 1.0) for n in range(100)), Origin("S7", 900, 1.0))
    told = origins(many)
    assert len(told) == MAX_ORIGINS
    assert told["main", "OMS", "COPY", "S7"] == (900, 1.0)
    assert ("main", "OMS", "COPY", "S0") not in told
