"""What is told of streams' settings and of buckets, and in how many series."""

from math import inf

import pytest

from obs.catalogue import nats, nats_assets
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache
from obs.families.nats_assets import asset_families
from obs.snapshot.assets import Bucket, Origin, Stream, StreamConfig, StreamTraits, SubjectMessages


def stream(name: str, traits: StreamTraits | None, **more: object) -> Stream:
    config = StreamConfig(1.0, 2, 3, 1, True, 5, traits=traits)
    usual: dict[str, object] = {"subjects": 4, "deleted": 0, **more}
    return Stream("OMS", name, "t", config, 6, 7, 1, 6, 0.0, 0.0, 2, **usual)  # type: ignore[arg-type]


def families(*streams: Stream, counted: tuple[SubjectMessages, ...] = ()) -> list[Family]:
    return asset_families("main", streams, counted, RowCache(), rolled_up=True)


def told(found: list[Family], metric: Metric) -> dict[tuple[str, ...], object]:
    (family,) = (each for each in found if each.metric is metric)
    values = zip(family.rows.values, family.values, strict=True)
    return {row: value for row, value in values if value is not None}


def series(found: list[Family]) -> int:
    """How many series there are without those that are exported on request."""
    return sum(len(each) for each in found if not each.metric.on_request)


EVERYTHING = StreamTraits("file", "s2", True, True, False, True, 120.0, 8, 9)


def test_settings_that_are_no_numbers_are_labels_of_one_series() -> None:
    found = told(families(stream("ORDERS", EVERYTHING)), nats_assets.STREAM_INFO)
    settings = ("limits", "file", "new", "s2", "true", "true", "false", "true")
    assert found == {("main", "OMS", "ORDERS", *settings): 1}


def test_settings_that_are_not_known_yet_are_absent() -> None:
    found = families(stream("KV_owners", None))
    assert told(found, nats_assets.STREAM_INFO) == {}
    assert told(found, nats_assets.STREAM_DUPLICATE_WINDOW) == {}
    assert told(found, nats_assets.KV_KEYS) == {}


@pytest.mark.parametrize(("number", "value"), [(None, None), (0, 0), (7, 7)])
def test_what_a_server_does_not_tell_is_absent_and_none_is_zero(
    number: int | None, value: int | None
) -> None:
    found = families(stream("ORDERS", EVERYTHING, subjects=number, deleted=number))
    for metric in (nats_assets.STREAM_SUBJECTS, nats_assets.STREAM_DELETED):
        row = ("main", "OMS", "ORDERS")
        assert told(found, metric) == ({} if value is None else {row: value})


def test_a_stream_has_three_series_more_a_kv_bucket_eight_and_an_object_store_five() -> None:
    plain = 17  # of a stream with every limit and messages
    for name, bucket, number in (
        ("ORDERS", None, 3),
        ("KV_owners", Bucket("kv", "owners"), 8),
        ("OBJ_files", Bucket("objects", "files"), 5),
    ):
        assert series(families(stream(name, StreamTraits("file", bucket=bucket)))) == plain + number


def test_a_bucket_is_told_under_its_own_name() -> None:
    owners = stream("KV_owners", StreamTraits("file", bucket=Bucket("kv", "owners")))
    files = stream("OBJ_files", StreamTraits("file", bucket=Bucket("objects", "files")))
    found = families(owners, files)
    values = {
        metric: told(found, metric)
        for metric in (
            *(nats_assets.KV_KEYS, nats_assets.KV_BYTES, nats_assets.KV_HISTORY),
            *(nats_assets.KV_WATCHERS, nats_assets.KV_TTL, nats_assets.KV_VALUES),
            *(nats_assets.OBJECT_STORE_BYTES, nats_assets.OBJECT_STORE_MAX_BYTES),
        )
    }
    kv, objects = ("main", "OMS", "owners"), ("main", "OMS", "files")
    assert values == {
        nats_assets.KV_KEYS: {kv: 4},
        nats_assets.KV_BYTES: {kv: 7},
        nats_assets.KV_HISTORY: {kv: 5},
        nats_assets.KV_WATCHERS: {kv: 2},
        nats_assets.KV_TTL: {kv: 1.0},
        nats_assets.KV_VALUES: {kv: 6},
        nats_assets.OBJECT_STORE_BYTES: {objects: 7},
        nats_assets.OBJECT_STORE_MAX_BYTES: {objects: 2},
    }


def test_origins_of_one_name_are_told_apart_by_their_subjects() -> None:
    both = (Origin("A", 3, 1.0, ("a.>",)), Origin("A", 4, inf, ("b.>", "c")), Origin("B", 5, 1.0))
    found = families(stream("COPY", EVERYTHING, sources=both))
    assert {row[3]: value for row, value in told(found, nats.ORIGIN_LAG).items()} == {
        "A a.>": 3,
        "A b.>, c": 4,
        "B": 5,
    }


def test_an_origin_that_is_alone_has_its_plain_name_whatever_its_subjects() -> None:
    found = families(stream("COPY", EVERYTHING, sources=(Origin("A", 3, 1.0, ("a.>",)),)))
    assert told(found, nats.ORIGIN_LAG) == {("main", "OMS", "COPY", "A"): 3}


def test_messages_by_subject_have_a_series_for_each_filter() -> None:
    found = families(counted=(SubjectMessages("OMS", "ORDERS", "orders.eu.>", 0),))
    assert told(found, nats_assets.STREAM_SUBJECT_MESSAGES) == {
        ("main", "OMS", "ORDERS", "orders.eu.>"): 0
    }
