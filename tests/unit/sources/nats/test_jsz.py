import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import SourceError
from obs.snapshot.assets import ConsumerConfig, StreamConfig
from obs.sources.nats import jsz_answer
from obs.sources.nats.asset_config import consumer_config, stream_config
from obs.sources.nats.jsz import (
    ConsumerReport,
    ConsumerSettings,
    StreamReport,
    StreamSettings,
    Upstream,
    unix_seconds,
)
from obs.sources.nats.jsz_answer import decode_jsz
from obs.sources.nats.varz import decode_varz

PAGE = {
    "server_id": "NA",
    "now": "2026-11-21T10:47:15.157298883Z",
    "account_details": [
        {
            "name": "$G",
            "stream_detail": [
                {
                    "name": "S",
                    "created": "2026-11-21T10:47:13.808565612Z",
                    "state": {"messages": 10, "first_ts": "2026-11-21T10:47:14.130762549Z"},
                    "consumer_detail": [
                        {"stream_name": "S", "name": "c", "created": "2026-11-21T10:47:13.8Z"}
                    ],
                }
            ],
        }
    ],
}


def body(page: object) -> bytes:
    return json.dumps(page).encode()


def only_stream() -> StreamReport:
    """The one stream of PAGE."""
    (account,) = decode_jsz(body(PAGE), "h:1").account_details or ()
    (stream,) = account.stream_detail or ()
    return stream


def test_absent_fields_have_the_value_that_go_leaves_out() -> None:
    (consumer,) = only_stream().consumer_detail or ()
    assert consumer == ConsumerReport(name="c", created="2026-11-21T10:47:13.8Z")
    assert consumer.num_pending == 0
    assert consumer.cluster is None


def test_a_server_without_jetstream_has_no_accounts() -> None:
    assert decode_jsz(b'{"server_id":"NA","disabled":true}', "h:1").account_details is None
    jetstream = decode_varz(b'{"server_id":"NA","jetstream":{}}', "h:1").jetstream
    assert jetstream is not None
    assert jetstream.stats is None


def test_an_account_without_streams_is_none_to_go_and_empty_to_us() -> None:
    page = {"server_id": "NA", "account_details": [{"name": "A", "stream_detail": None}]}
    (account,) = decode_jsz(body(page), "h:1").account_details or ()
    assert account.stream_detail is None


@pytest.mark.parametrize("rubbish", [b"", b"<html>", b"[]", b'{"server_id":1}', b'"\xff"', b"{}"])
def test_rubbish_is_a_decode_error_that_names_the_server(rubbish: bytes) -> None:
    with pytest.raises(SourceError, match=r"^h:1: not a response of nats-server") as error:
        decode_jsz(rubbish, "h:1")
    assert error.value.reason == "decode"


@given(st.data())
def test_half_a_page_is_a_decode_error_wherever_it_ends(data: st.DataObject) -> None:
    page = body(PAGE)
    end = data.draw(st.integers(0, len(page) - 1))
    with pytest.raises(SourceError) as error:
        decode_jsz(page[:end], "h:1")
    assert error.value.reason == "decode"


def test_times_with_nanoseconds_become_unix_seconds() -> None:
    assert unix_seconds(only_stream().state.first_ts) == pytest.approx(
        1_795_258_034.130762, abs=1e-6
    )


def test_times_with_an_offset_are_read_as_the_same_moment() -> None:
    first, second = (
        msgspec.json.decode(f'"{text}"', type=datetime)
        for text in ("2026-11-21T12:47:14.5+02:00", "2026-11-21T10:47:14.5Z")
    )
    assert unix_seconds(first) == unix_seconds(second)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00-12:00",
        "1754-08-30T22:43:41.128654848Z",  # through nanoseconds since 1970
        "1970-01-01T00:00:00Z",
    ],
)
def test_the_zero_time_of_go_is_no_time_however_it_is_written(text: str) -> None:
    assert unix_seconds(msgspec.json.decode(f'"{text}"', type=datetime)) is None


def test_no_time_is_no_time() -> None:
    assert unix_seconds(None) is None


def test_numbers_of_a_server_that_it_does_not_tell_are_none_and_not_zero() -> None:
    varz = decode_varz(b'{"server_id":"NA","connections":-1,"jetstream":{"stats":{}}}', "h:1")
    assert (varz.connections, varz.slow_consumers) == (None, None)
    assert varz.jetstream.stats is not None
    assert varz.jetstream.stats.memory is None


def test_durations_become_seconds_and_limits_of_zero_no_limit() -> None:
    settings = ConsumerSettings(
        durable_name="d",
        ack_policy="explicit",
        ack_wait=300_000_000,
        max_deliver=0,
        max_ack_pending=0,
        backoff=(1_000_000_000, 2_500_000_000),
        filter_subject="s.a",
    )
    assert consumer_config(settings) == ConsumerConfig(
        durable=True,
        ack_policy="explicit",
        ack_wait=0.3,
        max_deliver=-1,
        max_ack_pending=-1,
        backoff=(1.0, 2.5),
        filters=("s.a",),
    )


def test_several_filters_and_a_deliver_subject_are_read() -> None:
    settings = ConsumerSettings(filter_subjects=("a", "b"), deliver_subject="to")
    config = consumer_config(settings)
    assert (config.filters, config.push, config.durable) == (("a", "b"), True, False)


@pytest.mark.parametrize(
    ("settings", "config"),
    [
        (StreamSettings(), StreamConfig(discard_new=False)),
        (
            StreamSettings(max_age=0, max_bytes=0, max_msgs=0, num_replicas=0),
            StreamConfig(discard_new=False),
        ),
        (
            StreamSettings("new", 3_600_000_000_000, max_bytes=5, max_msgs=6, num_replicas=3),
            StreamConfig(3600.0, max_bytes=5, max_messages=6, replicas=3, discard_new=True),
        ),
        (
            StreamSettings(
                max_msgs_per_subject=2,
                retention="workqueue",
                allow_rollup_hdrs=True,
                mirror=Upstream("ORDERS"),
            ),
            StreamConfig(
                discard_new=False,
                max_per_subject=2,
                retention="workqueue",
                rolls_up=True,
                mirrors=True,
            ),
        ),
    ],
)
def test_limits_of_a_stream_are_none_where_there_are_none(
    settings: StreamSettings, config: StreamConfig
) -> None:
    told = stream_config(settings)
    assert msgspec.structs.replace(told, traits=None) == config


def test_an_answer_of_nothing_but_tiny_objects_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsz_answer, "_LARGE", 1000)
    monkeypatch.setattr(jsz_answer, "MOST_OBJECTS", 100)
    accounts = ",".join(['{"name":"A"}'] * 200)
    body = f'{{"server_id":"S","account_details":[{accounts}]}}'.encode()
    with pytest.raises(SourceError, match=r"more than 100 objects.*look at what answers there"):
        jsz_answer.decode_jsz(body, "n:8222")
