"""What a connection hears of dead letters, and since when it missed none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from obs.slis.dead_letters import HeardSpan
from obs.snapshot.messages import DeadLetter

_SPANS: Final = 100


@dataclass(frozen=True, slots=True)
class Position:
    """The last position read. `created` identifies the stream among those of its name."""

    created: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a connection heard.

    `received`: when the dead letters arrived; None where they may be older. `position`: up to
    where the capturing stream was read; None where advisories are subscribed to directly. Store it
    together with the dead letters and pass it at the next start, so that each counts exactly once.
    `heard_until`: every dead letter up to then has arrived; where it `begins`, only later ones
    will. Times are Unix seconds.
    """

    dead_letters: tuple[DeadLetter, ...] = ()
    received: float | None = None
    position: Position | None = None
    heard_until: float | None = None
    begins: bool = False


class Hearing:
    """The periods in which one connection missed no dead letter, and whether it hears now."""

    __slots__ = ("now", "spans")

    def __init__(self, spans: Iterable[HeardSpan] = ()) -> None:
        self.spans = tuple(spans)
        self.now = False

    def heard(self, until: float, *, begins: bool) -> None:
        """Nothing was missed up to `until`; where it `begins`, what came before may have been."""
        self.now = True
        if begins or not self.spans:
            self.spans = (*self.spans[1 - _SPANS :], HeardSpan(until, until))
            return
        since, before = self.spans[-1]
        if until < since:  # the clock was set back; nothing was missed all the same
            since = before = until
        self.spans = (*self.spans[:-1], HeardSpan(since, max(until, before)))

    def lost(self) -> None:
        """Nothing is heard until the next `heard`."""
        self.now = False
