"""A consumer's status, judged over a window and not by a threshold (as LinkedIn's Burrow does).

No status accuses a consumer of what it cannot do: it is asked for nothing that the server would not
deliver, and a message that a client holds in progress is work, not a standstill. Within the window,
the first line that applies:

| seen in the window | nothing pending | pending, but in flight is full | pending, and room |
|---|---|---|---|
| no lag, or one that acknowledgements made smaller | ok | ok | ok |
| deliveries and acknowledgements | slow | slow | slow |
| deliveries, and some of them failed | stalled | stalled | stalled |
| deliveries, none of which has failed yet | ok | slow | slow |
| no delivery, but a client keeps messages in progress | ok | slow | slow |
| no delivery, but a client asks | ok | slow | stopped |
| none of these | stopped | stopped | stopped |

"Full": max_ack_pending messages are in flight. There, and where nothing is pending, the server has
nothing to deliver until an ack wait is over, so that the window is at least as long as that; a
client that has asked that long and got nothing keeps what is in flight (+WPI), or has put it off
(a negative acknowledgement with a delay). "Failed": delivered again, or given up.

Two pairs look alike on the monitoring port. A worker that hangs and yet keeps its message in
progress looks like a long job: its age tells, which the lag in seconds is. A worker that has put
off its last messages and pulls nothing until then looks like one that crashed, and is stopped.
"""

from enum import IntEnum
from typing import Final

import msgspec

from obs.lag.observed import NEVER


class StatusWindowState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A status window as plain values, which msgspec encodes as an array in this order."""

    now: float = 0.0
    clean: float = NEVER
    acknowledged: float = NEVER
    delivered: float = NEVER
    pulled: float = NEVER
    failed: float = NEVER
    kept: float = NEVER


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

    __slots__ = ("acknowledged", "clean", "delivered", "failed", "kept", "now", "pulled")

    def __init__(self, state: StatusWindowState | None = None) -> None:
        state = state or _NOTHING_SEEN
        self.now = state.now
        self.clean = state.clean
        self.acknowledged = state.acknowledged
        self.delivered = state.delivered
        self.pulled = state.pulled
        self.failed = state.failed
        self.kept = state.kept

    def observe(
        self,
        seconds: float,
        *,
        clean: bool,
        acknowledged: bool,
        delivered: bool,
        pulled: bool,
        failed: bool,
        kept: bool,
    ) -> None:
        """Record what was seen in the seconds since the last poll.

        `clean`: the lag was zero, or shrank because messages were acknowledged; `acknowledged`:
        messages were acknowledged; `delivered`: there was any delivery; `pulled`: a client was
        pulling, or bound; `failed`: a message was delivered again or given up; `kept`: a client
        kept a message in progress, or put it off.
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
        if failed:
            self.failed = self.now
        if kept:
            self.kept = self.now

    def judge(self, window: float, *, pending: bool, deliverable: bool) -> Status:
        """Status over `window` seconds of a consumer with a leader and lag that is not paused.

        `pending`: messages were not delivered yet; `deliverable`: the server would deliver them.
        """
        begin = self.now - window
        if begin < 0 or self.clean >= begin:
            return OK
        if self.delivered >= begin:
            if self.acknowledged >= begin:
                return SLOW
            if self.failed >= begin:
                return STALLED
        elif self.kept < begin and (deliverable or self.pulled < begin):
            return STOPPED
        return SLOW if pending else OK

    def deserted(self, window: float) -> bool:
        """Whether messages were outstanding for `window` seconds, and no client asked for any."""
        begin = self.now - window
        return begin >= 0 and self.pulled <= begin and self.clean <= begin and self.kept <= begin

    def to_state(self) -> StatusWindowState:
        """Plain values; `StatusWindow(state)` goes on from them."""
        return StatusWindowState(
            self.now,
            self.clean,
            self.acknowledged,
            self.delivered,
            self.pulled,
            self.failed,
            self.kept,
        )


_NOTHING_SEEN: Final = StatusWindowState()
