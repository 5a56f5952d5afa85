"""What one call to AWS may take: seconds over all of it, and bytes and values of its answers.

A call is one operation with its retries, its pages and the requests for its credentials. AWS' own
answers are below 8 MB and 300 000 values: a full page of GetMetricData has 100 800 points.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from obs.errors import Reason

LARGEST_ANSWER: Final = 16_000_000  # bytes
LARGEST_CREDENTIALS: Final = 64_000  # bytes of an answer that a metadata endpoint gives
MOST_VALUES: Final = 500_000  # of one answer; each takes up to 100 bytes of memory
_LARGEST_CALL: Final = 64_000_000  # bytes, over all pages
_MOST_VALUES_OF_CALL: Final = 1_000_000
_TIMEOUTS: Final = 4  # request timeouts that a call, and a poll, may take
_SHORTEST: Final = 5.0  # seconds of a call: making a client takes one on a busy machine

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


class Refused(Exception):  # noqa: N818  reads as a sentence where it is raised
    """obs itself gives up a request. Not an OSError: botocore and urllib3 leave it as it is."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason: Reason = reason


@dataclass(slots=True)
class CallLimits:
    """What is left of one call's allowance, and what it is doing.

    `ends` is on the monotonic clock. `operation` and `host` are those of its latest request, which
    may be one for credentials; `secrets` are what it sent and an answer must not bring to light.
    """

    seconds: float
    ends: float
    bytes_left: int = _LARGEST_CALL
    values_left: int = _MOST_VALUES_OF_CALL
    largest: int = LARGEST_CREDENTIALS
    operation: str = ""
    host: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def left(self) -> float:
        """Seconds left. Raises Refused where there are none."""
        if self.is_over:
            raise self.late
        return self.ends - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.ends

    @property
    def late(self) -> Refused:
        """What to raise then."""
        seconds = f"{self.seconds:.3g} s"
        return Refused("timeout", f"not done after {seconds}, retries and pages included")

    def begin_request(self, operation: str, host: str, secrets: tuple[str, ...]) -> None:
        """A client of botocore sends a request. Raises Refused where no time is left."""
        self.operation, self.host, self.secrets = operation, host, secrets
        self.largest = LARGEST_ANSWER
        self.left  # noqa: B018  raises

    def end_request(self) -> None:
        """The answer was taken apart."""
        self.largest = LARGEST_CREDENTIALS

    def note_credentials(self, host: str) -> None:
        """Something else than a client sends a request: a metadata endpoint is asked."""
        if self.largest == LARGEST_CREDENTIALS:
            self.operation, self.host = "credentials", host

    def take_bytes(self, count: int, so_far: int) -> None:
        """Count what arrived; `so_far` is of the same answer. Raises Refused beyond a limit."""
        self.bytes_left -= count
        if so_far > self.largest:
            raise too_large(f"more than {_bytes(self.largest)}")
        if self.bytes_left < 0:
            raise too_large(f"more than {_bytes(_LARGEST_CALL)} in all answers together")

    def take_values(self, count: int) -> None:
        """Count the values of an answer. Raises Refused beyond a limit."""
        self.values_left -= count
        if count > MOST_VALUES:
            raise too_large(f"more than {MOST_VALUES:,} values")
        if self.values_left < 0:
            raise too_large(f"more than {_MOST_VALUES_OF_CALL:,} values in all answers together")


_limits: ContextVar[CallLimits | None] = ContextVar("limits", default=None)


def too_large(how: str) -> Refused:
    """An answer beyond what AWS sends, with what to look at."""
    return Refused("too_large", f"the answer is too large ({how}); verify what answers there")


def seconds_of_call(timeout: float) -> float:
    """Seconds that a call, or a poll, may take where a request has a timeout of `timeout`."""
    return max(_TIMEOUTS * timeout, _SHORTEST)


def new_call(timeout: float) -> CallLimits:
    """The limits of a call that begins now; it also ends with what `all_within` surrounds it."""
    now = time.monotonic()
    ends = min(now + seconds_of_call(timeout), _ends.get())
    return CallLimits(seconds=max(ends - now, 0.0), ends=ends)


def current() -> CallLimits | None:
    """The limits of the call under way in this thread."""
    return _limits.get()


@contextmanager
def limited(limits: CallLimits) -> Iterator[None]:
    """Requests made here count towards `limits`, also in several such blocks one after another."""
    before = _limits.set(limits)
    try:
        yield
    finally:
        _limits.reset(before)


@contextmanager
def all_within(seconds: float) -> Iterator[None]:
    """Every call that is begun here ends within `seconds` of now."""
    before = _ends.set(min(time.monotonic() + seconds, _ends.get()))
    try:
        yield
    finally:
        _ends.reset(before)


def _bytes(count: int) -> str:
    return f"{count / 1e6:.3g} MB" if count >= 1e6 else f"{count / 1e3:.3g} kB"
