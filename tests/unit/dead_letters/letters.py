"""Letters and a box that lies in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from obs.dead_letters.box import Outcome, Parcel, Route
from obs.dead_letters.letter import Content, DeadLetter


def letter(number: int, cause: str = "bad schema", **changes: object) -> DeadLetter:
    """A letter of ORDERS/worker."""
    made = DeadLetter(
        id=f"ORDERS/worker/{number}",
        cause=cause,
        origin="ORDERS/worker",
        at=1_000.0 + number,
        handles=(f"{number}",),
        names=frozenset({f"ORDERS#{number}"}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class FakeBox:
    """Its letters, what was sent, and what comes back: of each reading and each sending."""

    name = "main/ADVISORIES"
    batch = 10

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self.letters = [*letters]
        self.sent: list[str] = []
        self.arriving: list[DeadLetter] = []
        self.refuses: set[str] = set()
        self.gone: set[str] = set()
        self.fails_at: int | None = None
        self.error: Exception | None = None
        self.notes: list[str] = []
        self._read = False
        self.closed = False

    def read(self) -> list[DeadLetter]:
        if self._read:
            return []
        self._read = True
        return [*self.letters]

    def newcomers(self) -> list[DeadLetter]:
        found, self.arriving = self.arriving, []
        return found

    def filled(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        return [
            replace(each, gone="gone")
            if each.id in self.gone
            else replace(each, content=Content(b"x"))
            for each in letters
        ]

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        return [Route(to or "orders", f"obs-replay:{each.key}") for each in letters]

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        return ["again"] if routes else []

    def send(self, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        for each in parcels:
            if self.fails_at is not None and len(self.sent) == self.fails_at:
                assert self.error is not None
                raise self.error
            if each.letter.id in self.refuses:
                yield Outcome(each.letter, refused="no stream takes it")
                continue
            self.sent.append(each.letter.id)
            yield Outcome(each.letter, (f"ORDERS#{1_000 + len(self.sent)}", each.letter.id))

    def remove(self, letters: Sequence[DeadLetter]) -> list[str]:
        ids = [each.id for each in letters]
        self.letters = [each for each in self.letters if each.id not in ids]
        return ids

    def keep(self) -> None: ...

    def close(self) -> None:
        self.closed = True
