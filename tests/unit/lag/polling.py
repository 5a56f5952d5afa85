"""Polls a simulated consumer and judges it, as the collector does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from obs.lag.history import SequenceState, SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.seconds import KnownArrival
from obs.lag.track import Track, TrackState
from obs.lag.verdict import ConsumerVerdict
from tests.unit.lag.jetstream import JetStream

INTERVAL = 15.0
TOLERANCE = INTERVAL / 8
SETTINGS = JudgeSettings(interval=INTERVAL, window=120.0)


@dataclass(frozen=True)
class Poll:
    at: float
    truth: float
    lately: tuple[float, ...]  # the truth in each of the last seconds since two polls ago
    verdict: ConsumerVerdict

    @property
    def error(self) -> float:
        return abs(self.verdict.lag_seconds - self.truth)

    @property
    def error_lately(self) -> float:
        """The error where the lag of up to one poll ago is right too."""
        return min(abs(self.verdict.lag_seconds - truth) for truth in self.lately)


def saved_and_loaded(track: Track, times: SequenceTimes) -> tuple[Track, SequenceTimes]:
    """Both after a restart of the collector: encoded as in its state file."""
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(track.to_state()), type=TrackState)
    sequences = msgspec.msgpack.decode(msgspec.msgpack.encode(times.to_state()), type=SequenceState)
    return Track.from_state(state), SequenceTimes(sequences)


def known_arrivals(
    js: JetStream, times: SequenceTimes, sequences: Iterable[int]
) -> dict[int, KnownArrival]:
    """The server's answers by the collector's clock; none where it stores no such message."""
    answers = {seq: answer for seq in sequences if (answer := js.first_from(seq))}
    return {
        seq: KnownArrival(found, times.arrival(found, time))
        for seq, (found, time) in answers.items()
    }


def polls(
    js: JetStream,
    until: float,
    *,
    phase: float = 3.0,
    restart: Callable[[float], bool] = lambda time: False,
    away: Callable[[float], bool] = lambda time: False,
    clock: Callable[[float], float] = lambda time: time,
    settings: JudgeSettings = SETTINGS,
    query_beyond: float | None = None,
) -> Iterator[Poll]:
    """Every poll's outcome; `restart` tells before which polls the collector is restarted.

    While it is `away` the collector does not poll.
    Where the lag may be off by more than `query_beyond` seconds, arrival times are queried.
    """
    track, times = Track(), SequenceTimes()
    lately: list[float] = []
    at = phase
    while at < until:
        while js.now < at:
            js.run_until(min(js.now + 1.0, at))
            lately = [*lately[-round(settings.interval) :], js.lag()]
        if away(at):
            at += settings.interval
            continue
        if restart(at) and at > phase:
            track, times = saved_and_loaded(track, times)
        now = clock(at)
        stream = msgspec.structs.replace(js.stream(), clock_ahead=at - now)
        times.observe(stream, now, settings.interval / 8)
        verdict = track.observe(js.consumer(), stream, times, now, settings)
        if query_beyond is not None and (
            sequences := track.sequences_to_query(js.consumer(), stream, times, query_beyond)
        ):
            known = known_arrivals(js, times, sequences)
            verdict = track.refine(js.consumer(), stream, times, known)
        yield Poll(at, js.lag(), tuple(lately), verdict)
        at += settings.interval
