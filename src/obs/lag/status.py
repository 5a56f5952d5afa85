"""How a consumer does, judged over a window and not by a threshold (LinkedIn's Burrow's idea)."""

from enum import IntEnum

from obs.lag.observed import NEVER

WindowState = tuple[float, float, float, float, float]


class Status(IntEnum):
    """Worse is higher."""

    OK = 0
    PAUSED = 1
    SLOW = 2
    STALLED = 3
    STOPPED = 4
    LEADERLESS = 5


class Window:
    """When good signs were last seen, in seconds that the consumer was observed for.

    Time in which nothing could be seen, or nothing could be expected, does not count.
    """

    __slots__ = ("clean", "delivered", "finished", "now", "pulled")

    def __init__(self, state: WindowState | None = None) -> None:
        self.now, self.clean, self.finished, self.delivered, self.pulled = state or (
            0.0, NEVER, NEVER, NEVER, NEVER,
        )  # fmt: skip

    def observe(
        self, seconds: float, *, clean: bool, finished: bool, delivered: bool, pulled: bool
    ) -> None:
        """Learn what was seen in the seconds since the last poll.

        `clean`: the lag was zero, or shrank by the consumer's own work; `finished`: messages were
        acknowledged; `delivered`: there was any delivery; `pulled`: a puller was there.
        """
        self.now += seconds
        if clean:
            self.clean = self.now
        if finished:
            self.finished = self.now
        if delivered:
            self.delivered = self.now
        if pulled:
            self.pulled = self.now

    def judge(self, window: float) -> Status:
        """Status of a consumer that has a leader, is not paused and owes something."""
        begin = self.now - window
        if begin < 0 or self.clean >= begin:
            return Status.OK
        if self.delivered < begin:
            return Status.STOPPED
        return Status.SLOW if self.finished >= begin else Status.STALLED

    def to_state(self) -> WindowState:
        """Plain values; `Window(state)` goes on from them."""
        return (self.now, self.clean, self.finished, self.delivered, self.pulled)
