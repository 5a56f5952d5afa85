"""How old an unprocessed message may become before a consumer is late, by its own settings.

Pure: durations are in seconds.
"""

from typing import Final, NamedTuple

from obs.durations import format_duration
from obs.snapshot.assets import ConsumerConfig

_LEAST: Final = 30.0
"""Two polls of 15 s: what passes between them is seen once at least."""
_MOST: Final = 3_600.0
_TRIES_WITHOUT_LIMIT: Final = 3
_NO_ACKS: Final = "it acknowledges nothing, so only waiting messages count"


class LagTarget(NamedTuple):
    """A target for the lag in seconds, and where it comes from."""

    seconds: float
    why: str


def lag_target(consumer: ConsumerConfig, max_age: float | None) -> LagTarget:
    """The time that all deliveries of one message may take: later than that it is no retry.

    At least 30 s, at most an hour, and no more than half of the stream's `max_age`, after which
    messages would be lost.
    """
    if consumer.ack_policy == "none":
        return _within(_LEAST, _NO_ACKS, max_age)
    tries = consumer.max_deliver if consumer.max_deliver > 0 else _TRIES_WITHOUT_LIMIT
    limit = f"max_deliver {tries}" if consumer.max_deliver > 0 else f"{tries} deliveries"
    if consumer.backoff:
        waits = (*consumer.backoff, *[consumer.backoff[-1]] * tries)[:tries]
        return _within(sum(waits), f"backoff over {limit}", max_age)
    wait = format_duration(consumer.ack_wait)
    return _within(tries * consumer.ack_wait, f"ack_wait {wait} × {limit}", max_age)


def _within(seconds: float, why: str, max_age: float | None) -> LagTarget:
    if seconds < _LEAST:
        target = LagTarget(_LEAST, f"{why}, at least {format_duration(_LEAST)}")
    elif seconds > _MOST:
        target = LagTarget(_MOST, f"{why}, at most {format_duration(_MOST)}")
    else:
        target = LagTarget(_whole(seconds), why)
    if max_age and target.seconds > max_age / 2:
        half = max(max_age / 2, 1.0)
        return LagTarget(_whole(half), f"half of the stream's max_age {format_duration(max_age)}")
    return target


def _whole(seconds: float) -> float:
    """Whole seconds, and whole minutes beyond ten: nobody reads 1h3m20s."""
    step = 60.0 if seconds > 600 else 1.0
    return max(round(seconds / step) * step, 1.0)
