"""What is told of a consumer and of a stream."""

from collections.abc import Sequence
from math import inf

import msgspec
import pytest

from obs import catalogue
from obs.catalogue import nats
from obs.catalogue.exported import Exported, exported
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Value
from obs.families.nats import (
    MAX_ORIGINS,
    ConsumerRows,
    consumer_families,
    origin_families,
    stream_families,
)
from obs.lag.status import Status
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Origin, Stream, StreamConfig

USUAL = exported()
PULLING = Consumer("A", "S", "c", "t", ConsumerConfig(max_deliver=3), 9, 9, 9, 0, 0, 0, 1)
OK = ConsumerVerdict(0, 0.0, 0.0, Status.OK, (), 0.0, None, 9, 0, 0)


def values_of(
    consumer: Consumer, verdict: ConsumerVerdict, chosen: Exported = USUAL
) -> dict[Metric, Sequence[Value]]:
    return {family.metric: family.values for family in told([consumer], [verdict], chosen)}


def told(
    consumers: Sequence[Consumer],
    verdicts: Sequence[ConsumerVerdict],
    chosen: Exported = USUAL,
    rows: ConsumerRows | None = None,
) -> list[Family]:
    identities = [("main", each.account, each.stream, each.name) for each in consumers]
    return consumer_families(
        rows or ConsumerRows(),
        identities,
        consumers,
        verdicts,
        [None] * len(consumers),
        unknown=(),
        exported=chosen,
        tolerance=1.0,
        since=0.0,
    )


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
    values = values_of(consumer, verdict)
    assert values[nats.REDELIVERED_MESSAGES] == [told]


@pytest.mark.parametrize("evicted", [None, 0, 7])
def test_evicted_messages_are_told_as_far_as_they_are_known(evicted: int | None) -> None:
    consumer = Consumer("A", "S", "c", "t", ConsumerConfig(), 1, 1, 1, 0, 0, 0, 0)
    verdict = ConsumerVerdict(0, 0.0, 0.0, Status.OK, (), 0.0, None, 1, 0, evicted)
    values = values_of(consumer, verdict)
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


def test_a_reason_has_a_series_only_while_it_holds() -> None:
    rows = ConsumerRows()
    stopped = msgspec.structs.replace(OK, status=Status.STOPPED, reasons=("no_puller",))
    for verdict, told_of in ((OK, []), (stopped, ["no_puller"]), (OK, [])):
        (reasons,) = (
            each
            for each in told([PULLING], [verdict], rows=rows)
            if each.metric is nats.STATUS_REASON
        )
        assert [row[-1] for row in reasons.rows.values] == told_of
        assert list(reasons.values) == [1] * len(told_of)


def test_the_settings_of_a_consumer_are_labels_of_one_series_that_changes_with_them() -> None:
    rows = ConsumerRows()

    def settings(config: ConsumerConfig) -> Family:
        consumer = msgspec.structs.replace(PULLING, config=config)
        families = told([consumer], [OK], rows=rows)
        return next(each for each in families if each.metric is nats.CONSUMER_INFO)

    first = settings(ConsumerConfig(max_deliver=3, max_ack_pending=1000))
    assert dict(zip(nats.CONSUMER_INFO.labels[4:], first.rows.values[0][4:], strict=True)) == {
        "mode": "pull",
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "max_deliver": "3",
        "max_ack_pending": "1000",
        "ack_wait": "30s",
        "replicas": "inherited",
    }
    same = settings(ConsumerConfig(max_deliver=3, max_ack_pending=1000))
    assert same.rows is first.rows, "what is rendered can be kept"
    other = settings(ConsumerConfig(push=True, ack_policy="none", max_deliver=-1, replicas=3))
    assert other.rows.values[0][4:] == ("push", "none", "all", "unlimited", "unlimited", "", "3")


def test_what_is_not_exported_is_not_computed() -> None:
    told_of = set(values_of(PULLING, OK))
    of_consumers = {each for each in catalogue.ALL if each.labels == nats.CONSUMER}
    assert told_of.isdisjoint(each for each in of_consumers if each.on_request)
    asked = set(values_of(PULLING, OK, exported(include=("nats_consumer_*",))))
    assert asked - told_of == {each for each in of_consumers if each.on_request and each in asked}
    assert nats.WAITING_PULLS in asked
    few = values_of(PULLING, OK, exported(exclude=("nats_consumer_[!l]*",)))
    assert {each.name for each in few} == {
        "nats_consumer_lag_messages",
        "nats_consumer_lag_seconds",
        "nats_consumer_lag_uncertainty_seconds",
    }
