"""How long a client may take, how much it may send, and how many may be connected.

Pure: times are seconds of any steady clock, given by the caller.
"""

import resource
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

REQUEST_SECONDS: Final = 10.0  # for a TLS handshake, and for a request from its first byte on
IDLE_SECONDS: Final = 90.0  # between requests: more than a minute, the usual time between scrapes
ANSWER_SECONDS: Final = 60.0  # for a whole answer
STALLED_SECONDS: Final = 10.0  # for the next piece of an answer to be read
CLOSING_SECONDS: Final = 5.0  # for what is left when a connection is closed
REQUEST_BYTES: Final = 64 * 1024  # of a request, body included; none that is answered has one

_MOST_CONNECTIONS: Final = 512
_FEWEST_CONNECTIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Places:
    """How many connections may be open: in all, for one address, and kept for this machine."""

    total: int
    per_address: int
    loopback_only: int  # part of `total`


def places(file_limit: int) -> Places:
    """Places for a process that may open `file_limit` files (negative: any number).

    At most half of the files: polls, pushes, state and log need the others.
    """
    half = file_limit // 2 if file_limit >= 0 else _MOST_CONNECTIONS
    total = max(_FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, half))
    return Places(total, per_address=total * 3 // 4, loopback_only=total // 8)


def open_file_limit() -> int:
    """How many files this process may open; negative for any number."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return -1 if soft == resource.RLIM_INFINITY else soft


class Phase(StrEnum):
    """What a connection is doing."""

    ASKING = "asking"  # TLS handshake, or a request that is not complete
    IDLE = "idle"  # between two requests
    ANSWERING = "answering"
    CLOSING = "closing"  # the last bytes are on their way


class Patience:
    """How long one connection has kept us waiting, and whether that is too long."""

    def __init__(self, now: float) -> None:
        self.phase = Phase.ASKING
        self.since = now
        self._progress = now
        self._received = 0

    def received(self, size: int, now: float) -> bool:
        """Bytes have come in; whether they are still few enough for a request."""
        if self.phase is Phase.IDLE:
            self._enter(Phase.ASKING, now)
        self._received += size
        return self._received <= REQUEST_BYTES

    def answering(self, now: float) -> None:
        """A request is complete."""
        self._enter(Phase.ANSWERING, now)

    def sent(self, now: float) -> None:
        """The client has read the last piece of the answer."""
        self._progress = now

    def answered(self, now: float) -> None:
        """The answer has been sent."""
        self._received = 0
        self._enter(Phase.IDLE, now)

    def closing(self, now: float) -> None:
        """The connection is closed as soon as the client has read what is left."""
        if self.phase is not Phase.CLOSING:
            self._enter(Phase.CLOSING, now)

    def overdue(self, now: float, *, unsent: bool) -> str | None:
        """Why the connection must be closed; None while it may stay.

        `unsent`: a piece of an answer is waiting for the client to read.
        """
        waited = now - self.since
        if self.phase is Phase.ASKING and waited >= REQUEST_SECONDS:
            return f"did not complete a request within {REQUEST_SECONDS:g} s"
        if self.phase is Phase.IDLE and waited >= IDLE_SECONDS:
            return ""
        if self.phase is Phase.CLOSING and waited >= CLOSING_SECONDS:
            return f"did not read the rest of an answer within {CLOSING_SECONDS:g} s"
        if self.phase is Phase.ANSWERING:
            if unsent and now - self._progress >= STALLED_SECONDS:
                return f"read nothing of an answer for {STALLED_SECONDS:g} s"
            if waited >= ANSWER_SECONDS:
                return f"did not read an answer within {ANSWER_SECONDS:g} s"
        return None

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self.since = self._progress = now
