"""Where dead letters lie, and what every kind of box can do with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from obs.dead_letters.letter import DeadLetter


class Route(NamedTuple):
    """Where a letter is sent. `message_id`: by which its receivers tell it twice, where it has one.

    `problem`: why it cannot be sent there; empty where it can.
    """

    to: str
    message_id: str = ""
    problem: str = ""


class Parcel(NamedTuple):
    """A letter with its content, and where it goes. `again`: it may have been sent before."""

    letter: DeadLetter
    route: Route
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter that was sent.

    `names`: by which it is recognised when it comes back. `duplicate`: its receiver had it already.
    `refused`: why it was not accepted; empty where it was.
    """

    letter: DeadLetter
    names: tuple[str, ...] = ()
    duplicate: bool = False
    refused: str = ""


class Box(Protocol):
    """Dead letters of one queue or stream. Everything raises SourceError where a system fails.

    `batch`: how many are sent at once at most. `notes`: what a user has to know of the reading.
    """

    @property
    def name(self) -> str: ...

    @property
    def batch(self) -> int: ...

    @property
    def notes(self) -> Sequence[str]: ...

    def read(self) -> list[DeadLetter]:
        """The next letters; empty at the end. Those that come meanwhile need not be among them."""

    def newcomers(self) -> list[DeadLetter]:
        """Letters that came since the reading began, each once."""

    def filled(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """The letters with their content, in their order."""

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        """Where each letter goes; `to` is what the user says of it."""

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        """What replaying by these routes does beside what is meant."""

    def send(self, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Send letters; what became of each as soon as it is known, in any order."""

    def remove(self, letters: Sequence[DeadLetter]) -> list[str]:
        """Take letters out of the box; the ids of those that are out."""

    def keep(self) -> None:
        """Called often: hold on to what was read."""

    def close(self) -> None:
        """Let go of what was read and not removed."""
