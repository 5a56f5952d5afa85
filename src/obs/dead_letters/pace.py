"""The rate of a replay."""

import re
from typing import Final

_RATE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:/(s|m|h))?")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FASTEST: Final = 10_000.0
_SLOWEST: Final = 1 / 3600.0
_CHUNKS: Final = 5  # a second


def parse_rate(text: str) -> float:
    """Messages a second of `50/s`, `600/m` or `50`. Raises ValueError."""
    found = _RATE.fullmatch(text.strip())
    if found is None or len(text) > 40:
        raise ValueError(f"{text[:40]!r} is not a rate; write for example 50/s or 600/m")
    rate = float(found[1]) / _SECONDS[found[2] or "s"]
    if not _SLOWEST <= rate <= _FASTEST:
        raise ValueError(f"{text} is out of range; write 1/h to 10000/s")
    return rate


def chunk_size(rate: float, most: int) -> int:
    """How many messages are sent at once, so that a second has several such chunks."""
    return max(1, min(most, int(rate / _CHUNKS)))


class Pace:
    """When the next messages may be sent: at most `rate` a second, and one chunk more."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next: float | None = None

    def wait(self, messages: int, now: float) -> float:
        """Seconds to wait before so many are sent, which counts as done. `now` in any seconds.

        After a pause there is no burst: at most the time of one chunk is made up for.
        """
        takes = messages / self._rate
        begin = now if self._next is None else max(self._next, now - takes)
        self._next = begin + takes
        return max(begin - now, 0.0)
