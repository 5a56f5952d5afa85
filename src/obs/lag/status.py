"""A consumer's status, judged over a window and not by a threshold (as LinkedIn's Burrow does)."""

from enum import IntEnum
from typing import Final

from obs.lag.observed import NEVER

StatusWindowState = tuple[float, float, float, float, float]


class Status(IntEnum):
    """Consumer status; a higher value is worse."""

    OK = 0
    PAUSED = 1
    SLOW = 2
    STALLED = 3
    STOPPED = 4
    LEADERLESS = 5


OK: Final = Status.OK  # names for the hot path: Python 3.11 calls a function for Status.OK
PAUSED: Final = Status.PAUSED
SLOW: Final = Status.SLOW
STALLED: Final = Status.STALLED
STOPPED: Final = Status.STOPPED


class StatusWindow:
    """When signs of work were last seen, on a clock of the seconds the consumer was observed for.

    The clock does not run while nothing was polled or the consumer was paused.
    """

    __slots__ = ("acknowledged", "clean", "delivered", "now", "pulled")

    def __init__(self, state: StatusWindowState | None = None) -> None:
        self.now, self.clean, self.acknowledged, self.delivered, self.pulled = state or (
            0.0, NEVER, NEVER, NEVER, NEVER,
        )  # fmt: skip

    def observe(
        self, seconds: float, *, clean: bool, acknowledged: bool, delivered: bool, pulled: bool
    ) -> None:
        """Record what was seen in the seconds since the last poll.

        `clean`: the lag was zero, or shrank because messages were acknowledged; `acknowledged`:
        messages were acknowledged; `delivered`: there was any delivery; `pulled`: a client was
        pulling.
        """
        self.now += seconds
        if clean:
            self.clean = self.now
        if acknowledged:
            self.acknowledged = self.now
        if delivered:
            self.delivered = self.now
        if pulled:
            self.pulled = self.now

    def judge(self, window: float) -> Status:
        """Status over `window` seconds of a consumer with a leader and lag that is not paused."""
        begin = self.now - window
        if begin < 0 or self.clean >= begin:
            return OK
        if self.delivered < begin:
            return STOPPED
        return SLOW if self.acknowledged >= begin else STALLED

    def to_state(self) -> StatusWindowState:
        """Plain values; `StatusWindow(state)` goes on from them."""
        return (self.now, self.clean, self.acknowledged, self.delivered, self.pulled)
