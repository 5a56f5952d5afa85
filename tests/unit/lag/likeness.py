"""Streams and consumers as users describe them, drawn at random from a seed."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.seconds import UNHEARD, Advisories, KnownArrival
from obs.lag.track import Track
from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import JetStream

SECONDS: Final = 500.0
INTERVAL: Final = 5.0
SETTINGS: Final = JudgeSettings(interval=INTERVAL, window=120.0)
SLACK: Final = 0.5
"""Seconds that compression and the simulation's ticks may add."""
UNSTATED: Final = 1.5 * INTERVAL


def _arrivals(chance: random.Random, per_second: float) -> list[tuple[float, bool]]:
    times, now = [], 0.0
    while now < SECONDS:
        now += chance.expovariate(per_second)
        times.append((now, True))
    return times


def _share(chance: random.Random, share: float) -> Callable[[int], bool]:
    drawn: dict[int, bool] = {}
    return lambda seq: drawn.setdefault(seq, seq > 3 and chance.random() < share)


def _seconds(chance: random.Random, least: float, most: float) -> Callable[[int], float]:
    drawn: dict[int, float] = {}
    return lambda seq: drawn.setdefault(seq, chance.uniform(least, most))


def _comes_and_goes(chance: random.Random) -> Callable[[float], bool]:
    there, away = chance.uniform(20, 90), chance.uniform(10, 150)
    return lambda time: time % (there + away) < there


def steady(chance: random.Random) -> JetStream:
    """Messages are processed at once, by many workers, now and then by none."""
    work = _seconds(chance, 0.05, chance.uniform(0.1, 20))
    config = ConsumerConfig(max_deliver=chance.choice((-1, 3, 5)), ack_wait=30)
    pulling = _comes_and_goes(chance) if chance.random() < 0.5 else lambda time: True
    publish = _arrivals(chance, chance.uniform(0.5, 6))
    return JetStream(config, publish, lambda seq, _: work(seq), pulling)


def poison_nak(chance: random.Random) -> JetStream:
    """A share of the messages is negatively acknowledged until they are given up."""
    bad = _share(chance, chance.choice((0.002, 0.01, 0.05, 0.2)))
    delay, work = chance.uniform(0.1, 5), _seconds(chance, 0.02, chance.uniform(0.05, 3))
    config = ConsumerConfig(max_deliver=chance.choice((2, 3, 5)), ack_wait=30)
    return JetStream(
        config,
        _arrivals(chance, chance.uniform(1, 6)),
        lambda seq, _: -delay if bad(seq) else work(seq),
    )


def poison_silent(chance: random.Random) -> JetStream:
    """A share of the messages is never answered."""
    bad = _share(chance, chance.choice((0.002, 0.01, 0.05)))
    work = _seconds(chance, 0.02, chance.uniform(0.05, 3))
    config = ConsumerConfig(
        max_deliver=chance.choice((1, 2, 3, 5)), ack_wait=chance.choice((5, 10, 30))
    )
    return JetStream(
        config,
        _arrivals(chance, chance.uniform(1, 6)),
        lambda seq, _: None if bad(seq) else work(seq),
    )


def long_job(chance: random.Random) -> JetStream:
    """Jobs of minutes, whose clients tell progress, among quick ones."""
    long = _share(chance, chance.choice((0.001, 0.004)))
    seconds, work = _seconds(chance, 30, 300), _seconds(chance, 0.02, 3)
    config = ConsumerConfig(max_deliver=chance.choice((2, 3, 5)), ack_wait=10)
    return JetStream(
        config,
        _arrivals(chance, chance.uniform(1, 5)),
        lambda seq, _: seconds(seq) if long(seq) else work(seq),
        in_progress=long,
    )


def delayed(chance: random.Random) -> JetStream:
    """Messages negatively acknowledged with a delay beyond the ack wait, processed at last."""
    late = _share(chance, chance.choice((0.001, 0.01)))
    delay, tries = chance.uniform(10, 60), chance.choice((3, 4, 6))
    last, work = chance.choice((tries, tries + 1)), _seconds(chance, 0.02, 2)
    return JetStream(
        ConsumerConfig(max_deliver=tries, ack_wait=chance.choice((2, 5))),
        _arrivals(chance, chance.uniform(1, 5)),
        lambda seq, tried: -delay if late(seq) and tried < last else work(seq),
    )


def job_among_poison(chance: random.Random) -> JetStream:
    """A long job with progress, while other messages are given up."""
    kinds = poison_nak(chance)
    long, quick = _share(chance, 0.002), kinds.work
    seconds = _seconds(chance, 60, 300)
    return JetStream(
        kinds.config,
        kinds.publish,
        lambda seq, tried: seconds(seq) if long(seq) else quick(seq, tried),
        in_progress=long,
    )


def key_value(chance: random.Random) -> JetStream:
    """A bucket whose keys are overwritten, some much more often than others."""
    keys = chance.choice((1, 3, 30, 300))  # and three that are never written again
    skew = chance.choice((1.0, 1.0, 3.0))
    drawn: dict[int, int] = {}
    return JetStream(
        ConsumerConfig(max_deliver=-1),
        _arrivals(chance, chance.uniform(1, 6)),
        lambda seq, _: 0.05,
        _comes_and_goes(chance),
        max_per_subject=chance.choice((1, 1, 1, 5)),
        subject=lambda seq: drawn.setdefault(
            seq, -seq if seq <= 3 else int(keys * chance.random() ** skew)
        ),
    )


def expiring(chance: random.Random) -> JetStream:
    """Messages that expire one by one, some soon, some late, some never."""
    short, share = chance.uniform(2, 30), chance.uniform(0.1, 0.9)
    soon = _share(chance, share)
    lives = _seconds(chance, short / 2, short)
    return JetStream(
        ConsumerConfig(max_deliver=3),
        _arrivals(chance, chance.uniform(1, 6)),
        lambda seq, _: 0.05,
        _comes_and_goes(chance),
        lives=lambda seq: lives(seq) if soon(seq) else None,
    )


def deleted(chance: random.Random) -> JetStream:
    """Now and then a message is deleted from the middle."""
    some, when = _share(chance, 0.03), _seconds(chance, 5, 200)
    return JetStream(
        ConsumerConfig(max_deliver=3),
        _arrivals(chance, chance.uniform(1, 6)),
        lambda seq, _: 0.05,
        _comes_and_goes(chance),
        lives=lambda seq: when(seq) if some(seq) else None,
    )


def filtered(chance: random.Random) -> JetStream:
    """A share of the messages is the consumer's, and a share of those is given up."""
    js = chance.choice((poison_nak, poison_silent))(chance)
    share = chance.choice((0.05, 0.3, 0.8))
    js.config = msgspec.structs.replace(js.config, filters=("a",))
    js.publish = [(time, chance.random() < share) for time, _ in js.publish]
    js.pulling = _comes_and_goes(chance)
    return js


def filtered_keys(chance: random.Random) -> JetStream:
    """A bucket of which the consumer watches a share of the writes."""
    js, share = key_value(chance), chance.choice((0.1, 0.5))
    js.config = msgspec.structs.replace(js.config, filters=("a",))
    js.publish = [(time, chance.random() < share) for time, _ in js.publish]
    return js


KINDS: Final[Mapping[str, Callable[[random.Random], JetStream]]] = {
    kind.__name__: kind
    for kind in (
        steady, poison_nak, poison_silent, long_job, delayed, job_among_poison, key_value,
        expiring, deleted, filtered, filtered_keys,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What was told at one poll, and what was true then."""

    at: float
    truth: float
    lag_seconds: float
    uncertainty: float

    @property
    def error(self) -> float:
        return abs(self.lag_seconds - self.truth)

    @property
    def covered(self) -> bool:
        """Whether the truth is within what is exported."""
        return self.error <= max(self.uncertainty, UNSTATED) + SLACK

    @property
    def near(self) -> bool:
        """Whether the truth is within one poll interval."""
        return self.error <= INTERVAL + SLACK


def told(js: JetStream, *, connected: bool = False) -> Iterator[Told]:
    """Every poll of a consumer; where `connected`, with advisories and arrival times."""
    track, times = Track(), SequenceTimes()
    heard_from: int | None = None
    for poll in range(1, int(SECONDS / INTERVAL)):
        at = poll * INTERVAL
        js.run_until(at)
        stream, consumer = js.stream(), js.consumer()
        times.observe(stream, at, INTERVAL / 8)
        advisories = UNHEARD
        if connected:
            heard_from = consumer.delivered_stream_seq if heard_from is None else heard_from
            known = {seq for seq in js.dead if seq > consumer.ack_floor_stream_seq}
            advisories = Advisories(known, heard_from)
        verdict = track.observe(consumer, stream, times, at, SETTINGS, advisories=advisories)
        if connected:
            sequences = track.sequences_to_query(
                consumer, stream, times, UNSTATED, advisories=advisories
            )
            answers = {
                seq: KnownArrival(found, times.arrival(found, time))
                for seq in sequences
                if (answer := js.first_from(seq)) is not None
                for found, time in (answer,)
            }
            if answers:
                verdict = track.refine(consumer, stream, times, answers, advisories=advisories)
        yield Told(at, js.lag(), verdict.lag_seconds, verdict.uncertainty)
