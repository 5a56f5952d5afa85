"""How long it takes to judge the consumers of one poll."""

import time

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.track import Track
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig

INTERVAL = 15.0
SETTINGS = JudgeSettings(interval=INTERVAL)
LIMITS = StreamConfig(discard_new=False)
CONFIG = ConsumerConfig(max_deliver=3, max_ack_pending=1000)


def stream_at(poll: int) -> Stream:
    last, now = 100 + 1_500 * poll, poll * INTERVAL
    return Stream("$G", "ORDERS", "t", LIMITS, last, last * 100, 1, last, 0.0, now, 100)


def consumer_at(number: int, poll: int) -> Consumer:
    """In ten: six that are done, three with messages in flight, one that falls behind."""
    last, kind = 100 + 1_500 * poll, number % 10
    delivered = last - 200 * poll if kind == 9 else last
    in_flight = 20 if kind >= 6 else 0
    name = f"worker-{number}"
    floor, pending = delivered - in_flight, last - delivered
    return Consumer(
        "$G", "ORDERS", name, "t", CONFIG, delivered, delivered, floor, pending, in_flight, 0, 1
    )


def poll_seconds(consumers: int, polls: int = 6) -> float:
    """CPU seconds of judging one poll, the fastest of some after a warm-up."""
    tracks = [Track() for _ in range(consumers)]
    times = SequenceTimes()
    best = float("inf")
    for poll in range(polls):
        stream, now = stream_at(poll), poll * INTERVAL
        seen = [consumer_at(number, poll) for number in range(consumers)]
        begin = time.process_time()
        times.observe(stream, now, INTERVAL / 8)
        for track, consumer in zip(tracks, seen, strict=True):
            track.observe(consumer, stream, times, now, SETTINGS)
        if poll > 1:
            best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    """Print milliseconds a poll."""
    for consumers in (10_000, 100_000):
        seconds = poll_seconds(consumers)
        each = seconds / consumers * 1e6
        print(f"judge {consumers} consumers: {seconds * 1e3:.0f} ms ({each:.1f} µs each)")


if __name__ == "__main__":
    main()
