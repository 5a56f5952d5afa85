"""Which streams hold buckets, and what the status document and readiness say of streams."""

import pytest

from obs.snapshot.assets import Bucket
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.asset_config import origin
from obs.sources.nats.buckets import bucket_of
from obs.sources.nats.jsz import External, OriginError, OriginReport, OriginTransform
from obs.sources.nats.problems import not_told


@pytest.mark.parametrize(
    ("stream", "subjects", "mirrors", "bucket"),
    [
        ("KV_owners", ["$KV.owners.>"], False, Bucket("kv", "owners")),
        ("OBJ_files", ["$O.files.C.>", "$O.files.M.>"], False, Bucket("objects", "files")),
        ("KV_owners", [], True, Bucket("kv", "owners")),
        ("KV_owners", ["orders.>"], False, None),
        ("KV_owners", ["$KV.other.>"], False, None),
        ("KV_", ["$KV..>"], False, None),
        ("ORDERS", ["$KV.owners.>"], False, None),
        ("kv_owners", ["$KV.owners.>"], False, None),
    ],
)
def test_a_bucket_is_a_stream_of_its_name_with_its_subjects(
    stream: str, subjects: list[str], mirrors: bool, bucket: Bucket | None
) -> None:
    assert bucket_of(stream, subjects, mirrors=mirrors) == bucket


def test_an_origin_says_where_it_is_what_is_copied_and_why_it_fails() -> None:
    report = OriginReport(
        "ORDERS",
        3,
        2_000_000_000,
        External("$JS.hub.API"),
        subject_transforms=(OriginTransform("a.>"), OriginTransform("b.>"), OriginTransform()),
        error=OriginError("stream\nnot found"),
    )
    told = origin(report)
    assert told.name == "$JS.hub.API:ORDERS"
    assert told.filters == ("a.>", "b.>")
    assert told.error == "stream not found"


def test_readiness_names_the_messages_that_are_not_counted() -> None:
    snapshot = NatsSnapshot(0.0, (), (), (), uncounted=("account OMS: no right",))
    assert not_told("main", snapshot) == ["account OMS: no right"]
    assert not_told("main", None) == []
