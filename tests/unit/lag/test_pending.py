"""Which message is the oldest pending one, where some are gone."""

import random

import pytest

from obs.lag.pending import Head, keeps_pending, oldest_of, pending_head
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig


def consumer(delivered: int, pending: int, config: ConsumerConfig | None = None) -> Consumer:
    counts = (delivered, delivered, delivered, pending, 0, 0, 1)
    return Consumer("$G", "S", "c", "t", config or ConsumerConfig(), *counts)


def stream(messages: int, first: int, last: int, config: StreamConfig | None = None) -> Stream:
    return Stream("$G", "S", "t", config or StreamConfig(), messages, 0, first, last, 0.0, 1.0, 1)


def test_without_gaps_it_is_the_next_one() -> None:
    assert pending_head(consumer(10, 90), stream(100, 1, 100)) == Head(11, 11, 11)


def test_what_was_evicted_is_not_pending() -> None:
    assert pending_head(consumer(10, 50), stream(50, 51, 100)) == Head(51, 51, 51)


def test_pending_against_the_span_of_sequences_proves_that_messages_are_gone() -> None:
    assert pending_head(consumer(10, 80), stream(85, 1, 100)) == Head(11, 11, 21)
    assert pending_head(consumer(10, 1), stream(85, 1, 100)) == Head(11, 55, 100)


def test_as_many_as_there_are_sequences_are_all_there_although_others_are_gone() -> None:
    assert pending_head(consumer(10, 90), stream(95, 1, 100)) == Head(11, 11, 11)


def test_of_one_key_only_the_newest_message_is_there() -> None:
    config = StreamConfig(max_per_subject=1)
    assert pending_head(consumer(10, 1), stream(3, 1, 1_000, config)) == Head(11, 1_000, 1_000)


@pytest.mark.parametrize(("keys", "per_subject"), [(1, 1), (30, 1), (500, 1), (50, 5), (20, 40)])
@pytest.mark.parametrize("span", [100, 1_000, 20_000])
def test_of_keys_that_are_written_alike_the_oldest_is_about_where_it_is_expected(
    keys: int, per_subject: int, span: int
) -> None:
    shares = []
    for seed in range(20):
        chance, kept, count = random.Random(seed), dict[int, list[int]](), 0
        for seq in range(1, span + 1):
            kept.setdefault(chance.randrange(keys), []).append(seq)
        left = [seq for written in kept.values() for seq in written[-per_subject:]]
        count = len(left)
        reach = span - min(left) + 1
        expected = span - oldest_of(count, 1, span, per_subject).likely + 1
        shares.append(expected / reach)
    assert 0.5 < sorted(shares)[len(shares) // 2] < 2


def test_only_the_last_of_each_subject_before_it_began_is_owed() -> None:
    config = ConsumerConfig(deliver_policy="last_per_subject", filters=(">",))
    started = consumer(0, 2, config)
    assert pending_head(started, stream(100, 1, 100)).likely >= 95


def test_counts_of_arrivals_hold_where_nothing_leaves_but_what_is_settled() -> None:
    assert keeps_pending(stream(100, 1, 100))
    assert not keeps_pending(stream(99, 1, 100))
    assert keeps_pending(stream(50, 1, 100, StreamConfig(retention="workqueue")))
    kv = StreamConfig(max_per_subject=1)
    assert not keeps_pending(stream(100, 1, 100, kv))
