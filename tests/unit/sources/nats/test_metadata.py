"""Metadata of streams and consumers that the spec chooses, as labels of info series."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.families.family import RowCache
from obs.families.nats_metadata import MetadataFamilies
from obs.sinks.exposition import Exposition
from obs.snapshot.assets import StreamConfig
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.jsz_answer import decode_jsz
from obs.sources.nats.leaders import Merged, ServerReport, merge
from obs.sources.nats.metadata import chosen
from obs.spec.label_keys import label_of
from obs.spec.nats import NatsSource

KEYS = ("team", "acme/owner")


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("metadata", "values"),
    [
        ({"team": "orders", "acme/owner": "ann", "other": "x"}, ("orders", "ann")),
        ({"team": "orders"}, ("orders", "")),
        ({"other": "x"}, ()),
        ({"team": ""}, ()),
        ({"team": 7, "acme/owner": "ann"}, ("", "ann")),
        ({"team": None}, ()),
        ({}, ()),
        (None, ()),
        (["team"], ()),
        ({"team": "two\nlines \u001b[31m"}, ("two lines \\u001b[31m", "")),
        ({"team": "x" * 1000}, ("x" * 199 + "…", "")),
    ],
)
def test_the_values_of_the_chosen_keys_are_kept(metadata: object, values: tuple[str, ...]) -> None:
    assert chosen(raw(metadata), KEYS) == values


def test_what_is_no_json_is_no_metadata() -> None:
    assert chosen(msgspec.Raw(b'{"team": "\xff"}'), KEYS) == ()
    assert chosen(msgspec.Raw(b"{" * 100_000), KEYS) == ()


@given(st.dictionaries(st.sampled_from(KEYS), st.none() | st.integers() | st.text()))
def test_every_value_is_one_printable_line(metadata: dict[str, object]) -> None:
    for value in chosen(raw(metadata), KEYS):
        assert value.isprintable()
        assert len(value) <= 200


def merged(metadata: Any) -> Merged:
    """One stream and one consumer with this metadata, as /jsz tells them."""
    config = {"durable_name": "worker", "metadata": metadata}
    consumer = {"name": "worker", "created": "1", "config": config}
    detail = {
        "name": "ORDERS",
        "created": "1",
        "config": {"metadata": metadata},
        "consumer_detail": [consumer],
    }
    account = {"name": "A", "id": "A", "stream_detail": [detail]}
    body = json.dumps({"server_id": "S", "account_details": [account]}).encode()
    return merge([ServerReport("n1", decode_jsz(body, "n1").account_details or ())])


def exposed(metadata: Any, *keys: str) -> set[str]:
    """The series of metadata that a poll gives."""
    spec = NatsSource.model_validate({"monitor": ["http://h:1"], "metadata_labels": keys})
    found, settings = merged(metadata), KnownSettings(spec.metadata_labels)
    settings.learn(found, complete=True)
    view = SourceSelection(spec).view(found, settings)
    assert len(view.consumers) == len(view.streams) == 1, "it leaves out nothing"
    families = MetadataFamilies("main", spec.metadata_labels)
    exposition = Exposition()
    exposition.update("main", families.of(view.streams, view.consumers, RowCache()))
    text = exposition.body(openmetrics=True, gzip=False).decode()
    return {line for line in text.splitlines() if not line.startswith("#")}


def test_a_stream_and_a_consumer_that_have_a_key_have_one_series_each() -> None:
    of_stream = 'nats="main",account="A",stream="ORDERS"'
    own = 'team="orders",acme_owner="ann"'
    assert exposed({"team": "orders", "acme/owner": "ann"}, *KEYS) == {
        f"nats_stream_metadata_info{{{of_stream},{own}}} 1",
        f'nats_consumer_metadata_info{{{of_stream},consumer="worker",{own}}} 1',
    }
    assert exposed({"other": "x"}, *KEYS) == set()
    assert exposed({"team": "orders"}) == set(), "none is chosen"


@pytest.mark.parametrize("metadata", [{"team": 7}, ["team"], "team", 7, {"team": {"a": 1}}])
def test_odd_metadata_leaves_out_nothing_else(metadata: object) -> None:
    assert exposed(metadata, *KEYS) == set()


def test_streams_of_before_metadata_have_none() -> None:
    assert exposed(None, *KEYS) == set()
    assert StreamConfig().metadata == ()


@pytest.mark.parametrize(
    ("key", "label"),
    [("team", "team"), ("acme/owner", "acme_owner"), ("1st", "_1st"), ("größe", "gr__e")],
)
def test_what_no_label_may_have_becomes_an_underscore(key: str, label: str) -> None:
    assert label_of(key) == label


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["a.b", "a/b"], "a/b and a.b become the same label a_b; keep one"),
        (["team", "team"], "team and team become the same label team; keep one"),
        (["stream"], "label stream has another meaning; choose another key"),
        (["system"], "label system has another meaning"),
        (["instance"], "label instance has another meaning"),
        (["__name__"], "label __name__ is reserved"),
        (["--x"], "label __x is reserved"),
        ([""], "at least 1 character"),
        ([f"k{n}" for n in range(17)], "at most 16 items"),
    ],
)
def test_keys_that_cannot_be_labels_are_refused(keys: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NatsSource.model_validate({"monitor": ["http://h:1"], "metadata_labels": keys})
