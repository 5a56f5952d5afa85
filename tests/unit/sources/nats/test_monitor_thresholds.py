"""Thresholds in metadata: what is read, what is odd, and when an asset is beyond them."""

import logging
from math import inf
from typing import Any, NamedTuple

import msgspec
import pytest

from obs.catalogue import nats_monitor
from obs.families.family import RowCache
from obs.snapshot.assets import (
    Consumer,
    ConsumerConfig,
    Origin,
    PriorityGroup,
    Stream,
    StreamConfig,
    Thresholds,
)
from obs.sources.nats.asset_config import consumer_config, stream_config
from obs.sources.nats.jsz import ConsumerSettings, StreamSettings
from obs.sources.nats.metadata import LONGEST_VALUE, MOST_KEYS, bounded, thresholds_in
from obs.sources.nats.monitor_thresholds import (
    CONSUMER_KEYS,
    PREFIX,
    STREAM_KEYS,
    consumer_thresholds,
    duration,
    stream_thresholds,
)
from obs.sources.nats.monitored import Compared, compared_consumer, compared_stream, monitored
from obs.sources.nats.odd_thresholds import OddThresholdLog
from obs.spec.nats import NatsSource

NOW = 1_000_000.0


def named(**settings: str) -> dict[str, str]:
    return {f"{PREFIX}{name.replace('_', '-')}": text for name, text in settings.items()}


def consumer(told: dict[str, Any] | None = None, **settings: str) -> Consumer:
    config = ConsumerConfig(
        thresholds=consumer_thresholds(named(**settings)), priority_policy="pinned_client"
    )
    base = Consumer("A", "ORDERS", "worker", "c", config, 90, 90, 88, 10, 2, 1, 3)
    return msgspec.structs.replace(base, **(told or {}))


def stream(told: dict[str, Any] | None = None, **settings: str) -> Stream:
    config = StreamConfig(thresholds=stream_thresholds(named(**settings)))
    base = Stream("A", "ORDERS", "c", config, 100, 1000, 1, 100, NOW - 60, NOW, 1)
    return msgspec.structs.replace(base, **{"subjects": 7, **(told or {})})


def one(of: Consumer | Stream) -> Compared:
    compared = compared_consumer(of, NOW) if isinstance(of, Consumer) else compared_stream(of)
    (only,) = compared
    return only


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("200ms", 0.2),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1M", 2_592_000),
        ("1y", 31_536_000),
        ("-5s", -5),
        (" 5s ", 5),
    ],
)
def test_durations_are_those_of_the_nats_cli(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "s", "1 h", "5x", "1h 30m", "h5", "1e3s", "9" * 30 + "y"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(text)


def test_every_key_is_read_and_its_example_is_one() -> None:
    for keys, read in ((CONSUMER_KEYS, consumer_thresholds), (STREAM_KEYS, stream_thresholds)):
        found = read({f"{PREFIX}{key.name}": key.example for key in keys})
        assert set(found.limits) == {key.name for key in keys}
        assert found.odd == ()


def test_thresholds_of_nothing_and_of_other_keys_are_none() -> None:
    for metadata in (None, {}, {"owner": "billing", "io.nats.other": "1"}):
        assert consumer_thresholds(metadata) == Thresholds()


@pytest.mark.parametrize("text", ["0", "-1", "-5"])
def test_a_threshold_of_0_or_less_is_none(text: str) -> None:
    assert stream_thresholds(named(msgs_critical=text)) == Thresholds()


@pytest.mark.parametrize("text", ["false", "0", "F", "False"])
def test_an_asset_may_disable_all_of_its_thresholds(text: str) -> None:
    found = stream_thresholds(named(msgs_critical="5", enabled=text))
    assert found == Thresholds()


def test_an_odd_value_leaves_out_only_itself_and_says_what_could_be_written() -> None:
    found = consumer_thresholds(
        named(outstanding_ack_critical="5", waiting_critical="1.5", last_ack_critical="soon")
    )
    assert found.limits == {"outstanding-ack-critical": 5}
    assert [(each.key, each.why, each.example) for each in found.odd] == [
        (
            f"{PREFIX}waiting-critical",
            'is "1.5", no whole number; write for example 50',
            "50",
        ),
        (
            f"{PREFIX}last-ack-critical",
            'is "soon", no duration; write for example 5m',
            "5m",
        ),
    ]


def test_what_is_neither_true_nor_false_does_not_disable() -> None:
    found = stream_thresholds(named(msgs_critical="5", enabled="maybe"))
    assert found.limits == {"msgs-critical": 5}
    assert [each.key for each in found.odd] == [f"{PREFIX}enabled"]


def test_long_and_hostile_texts_are_shown_in_part_and_on_one_line() -> None:
    found = stream_thresholds({f"{PREFIX}lag-critical": "x\n" * 500, f"{PREFIX}{'y' * 500}": "1"})
    assert all(len(each.key) + len(each.why) < 200 for each in found.odd)
    assert all("\n" not in each.why for each in found.odd)
    many = stream_thresholds({f"{PREFIX}key{i}": "1" for i in range(100)})
    assert len(many.odd) == 10


def test_metadata_is_bounded_in_number_and_length() -> None:
    many = {f"key{i:03}": "x" for i in range(200)}
    assert list(bounded(many)) == sorted(many)[:MOST_KEYS]
    assert bounded({"a": "x" * (LONGEST_VALUE + 1), "b": "1"}) == {"b": "1"}


def test_what_is_no_metadata_or_no_text_leaves_out_only_itself() -> None:
    assert thresholds_in(msgspec.Raw(b'{"io.nats.monitor.pinned":"1","a":5,"b":{}}')) == {
        "io.nats.monitor.pinned": "1"
    }
    for odd in (b"null", b"[]", b'"io.nats.monitor."', b'{"owner":"billing"}', b"{"):
        assert thresholds_in(msgspec.Raw(odd)) == {}


def test_settings_carry_metadata_and_thresholds() -> None:
    metadata = msgspec.json.encode({"owner": "billing", **named(msgs_critical="5")})
    of_stream = stream_config(StreamSettings(metadata=msgspec.Raw(metadata)), ("owner",))
    assert of_stream.metadata == ("billing",)
    assert of_stream.thresholds.limits == {"msgs-critical": 5}
    pins = ConsumerSettings(priority_policy="pinned_client")
    assert consumer_config(pins).pins_clients
    assert not consumer_config(ConsumerSettings()).pins_clients


PINNED, UNPINNED = PriorityGroup("a", True, NOW), PriorityGroup("b", False, None)


@pytest.mark.parametrize(
    ("settings", "told", "value", "beyond"),
    [
        ({"outstanding_ack_critical": "2"}, {}, 2, True),
        ({"outstanding_ack_critical": "3"}, {}, 2, False),
        ({"waiting_critical": "3"}, {}, 3, True),
        ({"unprocessed_critical": "11"}, {}, 10, False),
        ({"redelivery_critical": "1"}, {}, 1, True),
        ({"last_delivery_critical": "1m"}, {"last_delivery": NOW - 60}, 60, True),
        ({"last_delivery_critical": "1m"}, {"last_delivery": NOW - 59}, 59, False),
        ({"last_delivery_critical": "1m"}, {}, inf, True),
        ({"last_ack_critical": "1m"}, {"last_ack": NOW + 5}, 0, False),
        ({"pinned": "true"}, {"groups": (PINNED,)}, 0, False),
        ({"pinned": "true"}, {"groups": (PINNED, UNPINNED)}, 1, True),
        ({"pinned": "true"}, {}, 1, True),
    ],
)
def test_a_consumer_is_compared_as_the_nats_cli_does(
    settings: dict[str, str], told: dict[str, Any], value: float, beyond: bool
) -> None:
    found = one(consumer(told, **settings))
    assert (found.value, found.beyond, found.level) == (value, beyond, "critical")


TWO = (Origin("A", 5, 1.0), Origin("B", 50, 100.0))


@pytest.mark.parametrize(
    ("settings", "told", "value", "beyond"),
    [
        ({"lag_critical": "50"}, {"sources": TWO}, 50, True),
        ({"lag_critical": "51"}, {"sources": TWO}, 50, False),
        ({"lag_critical": "5"}, {"mirror": TWO[0]}, 5, True),
        ({"lag_critical": "5"}, {}, inf, True),
        ({"seen_critical": "2m"}, {"sources": TWO}, 100, False),
        ({"min_sources": "3"}, {"sources": TWO}, 2, True),
        ({"min_sources": "2"}, {"sources": TWO}, 2, False),
        ({"max_sources": "1"}, {"sources": TWO}, 2, True),
        ({"max_sources": "2"}, {"sources": TWO}, 2, False),
        ({"peer_expect": "3"}, {"holders": ("n1", "n2", "n3")}, 3, False),
        ({"peer_expect": "3"}, {"holders": ("n1", "n2")}, 2, True),
        ({"peer_lag_critical": "10"}, {"replica_lag": 10}, 10, False),
        ({"peer_lag_critical": "10"}, {"replica_lag": 11}, 11, True),
        ({"peer_seen_critical": "5s"}, {"replica_silent": 6.0}, 6, True),
        ({"msgs_critical": "100"}, {}, 100, True),
        ({"msgs_critical": "99"}, {}, 100, False),
        ({"subjects_critical": "7"}, {}, 7, True),
        ({"subjects_critical": "8"}, {}, 7, False),
        ({"subjects_warn": "8"}, {}, 7, True),
    ],
)
def test_a_stream_is_compared_as_the_nats_cli_does(
    settings: dict[str, str], told: dict[str, Any], value: float, beyond: bool
) -> None:
    found = one(stream(told, **settings))
    assert (found.value, found.beyond) == (value, beyond)


def test_few_subjects_are_bad_where_the_number_to_warn_at_is_the_larger_one() -> None:
    found = compared_stream(stream(subjects_warn="10", subjects_critical="5"))
    assert [(each.check, each.level, each.beyond) for each in found] == [
        ("subjects-warn", "warning", True),
        ("subjects-critical", "critical", False),
    ]


def test_what_cannot_be_told_is_not_compared() -> None:
    old = stream({"subjects": None}, subjects_critical="5")
    unled = stream({"leader_unreachable": True}, peer_expect="3", peer_lag_critical="1")
    alone = stream({"replica_silent": None}, peer_seen_critical="1s")
    assert [*compared_stream(old), *compared_stream(unled), *compared_stream(alone)] == []


class Told(NamedTuple):
    """A consumer's last report."""

    consumer: Consumer


def test_series_exist_only_for_thresholds_that_are_set() -> None:
    spec = NatsSource.model_validate({"monitor": ["http://nats:8222"]})
    with_one, without = consumer(pinned="true"), consumer()
    families = monitored(
        "main",
        spec,
        ([Told(with_one), Told(without)], [stream(msgs_warn="200"), stream()]),
        NOW,
        RowCache(),
    )
    by_name = {each.metric: each for each in families}
    beyond = by_name[nats_monitor.CONSUMER_BEYOND]
    assert beyond.rows.values == (("main", "A", "ORDERS", "worker", "pinned"),)
    assert by_name[nats_monitor.STREAM_LIMIT].rows.values == (
        ("main", "A", "ORDERS", "msgs-warn", "warning"),
    )
    assert list(by_name[nats_monitor.STREAM_LIMIT].values) == [200]
    assert list(by_name[nats_monitor.STREAM_VALUE].values) == [100]
    assert list(by_name[nats_monitor.STREAM_BEYOND].values) == [1]


def test_ages_are_by_the_clock_of_the_server_and_stand_still_with_the_last_report() -> None:
    spec = NatsSource.model_validate({"monitor": ["http://nats:8222"]})
    kept = consumer({"last_delivery": NOW - 40, "at": NOW - 50}, last_delivery_critical="1h")
    families = monitored(
        "main", spec, ([Told(kept)], [stream({"clock_ahead": 20.0})]), NOW, RowCache()
    )
    (value,) = [each for each in families if each.metric is nats_monitor.CONSUMER_VALUE]
    assert list(value.values) == [10.0]


def test_a_spec_that_ignores_them_has_no_series() -> None:
    spec = NatsSource.model_validate({"monitor": ["http://nats:8222"], "monitor_metadata": False})
    assert monitored("main", spec, ([], [stream(msgs_warn="200")]), NOW, RowCache()) == []


def test_an_odd_threshold_is_told_in_one_line_once(caplog: pytest.LogCaptureFixture) -> None:
    log, odd = OddThresholdLog("main", ignored=False), stream(lag_critical="x")
    with caplog.at_level(logging.WARNING):
        log.tell([odd], [])
        log.tell([odd], [consumer(pinned="x")])
    assert [each.getMessage() for each in caplog.records] == [
        f'main: stream ORDERS of account A: {PREFIX}lag-critical in its metadata is "x", no whole '
        "number; write for example 200",
        f'main: consumer ORDERS/worker of account A: {PREFIX}pinned in its metadata is "x", '
        "neither true nor false; write for example true",
    ]
    OddThresholdLog("main", ignored=True).tell([odd], [])
    assert len(caplog.records) == 2
