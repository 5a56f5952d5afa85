"""A replay, letter by letter: intent, sending, outcome, removal; and what ends it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from obs.dead_letters.box import Box, Outcome, Parcel
from obs.dead_letters.letter import DeadLetter, Wanted
from obs.dead_letters.pace import Pace, chunk_size
from obs.dead_letters.record import Book, Deed, intent, result
from obs.dead_letters.sorting import Sorted, sort
from obs.errors import SourceError

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at whether replayed letters came back."""


class Record(Protocol):
    """What is written down, and what was."""

    book: Book

    def write(
        self, deed: Deed, told: Iterable[tuple[DeadLetter | None, dict[str, Any]]]
    ) -> None: ...

    def write_each(self, deed: Deed, letters: Sequence[DeadLetter]) -> None: ...


class Time(Protocol):
    """Time and its end."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""

    def sleep(self, seconds: float) -> bool:
        """Wait; True where the user ended the run meanwhile."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed and how.

    `rate`: a second. `limit`: how many are sent at most. `watch`: seconds for which the box is
    watched after the last one. `stop_after`: how many may come back or be refused. `keep`: they
    stay in the box. `again`: also those that came back before. `skip_unsure`: leave those that may
    have been sent.
    """

    wanted: Wanted
    to: str | None = None
    rate: float = 50.0
    limit: int | None = None
    watch: float = 10.0
    stop_after: int = 1
    keep: bool = False
    again: bool = False
    skip_unsure: bool = False

    def sorted(self, letters: Iterable[DeadLetter], book: Book) -> Sorted:
        """What is done with these letters."""
        return sort(letters, self.wanted, book, again=self.again, skip_unsure=self.skip_unsure)


@dataclass(slots=True)
class Progress:
    """How far a run is. `ended`: why before the end: returned, refused or interrupted."""

    sent: int = 0
    duplicates: int = 0
    unsure: int = 0
    removed: int = 0
    finished: int = 0
    gone: list[DeadLetter] = field(default_factory=list)
    refused: list[tuple[DeadLetter, str]] = field(default_factory=list)
    returned: list[tuple[DeadLetter, str]] = field(default_factory=list)
    known_returned: int = 0
    skipped: int = 0
    others: int = 0
    unremoved: int = 0
    ended: str = ""

    @property
    def is_incomplete(self) -> bool:
        """Whether letters that were asked for are left."""
        left = (self.gone, self.refused, self.returned, self.known_returned)
        return any(left) or bool(self.skipped or self.unremoved)


class Replay:
    """One run. `report` is called with the progress after each step."""

    def __init__(
        self,
        box: Box,
        record: Record,
        order: Order,
        time: Time,
        report: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._box = box
        self._record = record
        self._order = order
        self._time = time
        self._report = report
        self._pace = Pace(order.rate)
        self._names: dict[str, str] = {}
        self._looked = time.now()
        self.progress = Progress()

    def run(self) -> Progress:
        """Replay; ends early where letters come back or are refused, or the user says so.

        Raises SourceError where a system fails and BadInput where the record cannot be written.
        """
        while not self.progress.ended and (letters := self._box.read()):
            found = self._order.sorted(letters, self._record.book)
            self._count(found)
            self._remove(found.finish)
            for chunk in self._chunks(found.replay):
                self._replay(chunk, found.unsure)
                if self.progress.ended:
                    break
            if self._at_limit:
                break
        if not self.progress.ended and not self._wait(0):
            self._watch()
        if self.progress.ended:
            self._record.write("stopped", [(None, {"why": self.progress.ended})])
        return self.progress

    @property
    def _at_limit(self) -> bool:
        return self._order.limit is not None and self._tried >= self._order.limit

    @property
    def _tried(self) -> int:
        return self.progress.sent + len(self.progress.refused)

    def _count(self, found: Sorted) -> None:
        self.progress.others += found.others
        told = {each.key for each, _ in self.progress.returned}
        self.progress.known_returned += sum(each.key not in told for each in found.returned)
        self.progress.skipped += len(found.skipped)
        self.progress.finished += len(found.finish)

    def _chunks(self, letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
        size = chunk_size(self._order.rate, self._box.batch)
        at = 0
        while at < len(letters) and not self._at_limit:
            most = size if self._order.limit is None else min(size, self._order.limit - self._tried)
            yield letters[at : at + most]
            at += most

    def _replay(self, chunk: Sequence[DeadLetter], unsure: set[str]) -> None:
        parcels = self._parcels(self._box.filled(chunk), unsure)
        if parcels:
            if self._wait(self._pace.wait(len(parcels), self._time.now())):
                return
            self._send(parcels)
        self._box.keep()
        self._look()
        self._report(self.progress)

    def _wait(self, seconds: float) -> bool:
        if self._time.sleep(seconds):
            self.progress.ended = "interrupted"
        return bool(self.progress.ended)

    def _parcels(self, letters: Sequence[DeadLetter], unsure: set[str]) -> list[Parcel]:
        there = [each for each in letters if each.content is not None]
        self.progress.gone += [each for each in letters if each.content is None]
        routes = self._box.routes(there, self._order.to)
        refused = [
            (letter, route.problem)
            for letter, route in zip(there, routes, strict=True)
            if route.problem
        ]
        self._refuse(refused)
        return [
            Parcel(letter, route, letter.key in unsure)
            for letter, route in zip(there, routes, strict=True)
            if not route.problem
        ]

    def _send(self, parcels: Sequence[Parcel]) -> None:
        self._record.write("intent", [(each.letter, intent(each.route)) for each in parcels])
        self.progress.unsure += sum(each.again for each in parcels)
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(self._box.send(parcels))
        except SourceError as error:
            self._note(parcels, outcomes)
            if error.reason == "auth":  # what is not permitted was not done
                told = {each.letter.key for each in outcomes}
                rest = [each.letter for each in parcels if each.letter.key not in told]
                self._record.write("refused", [(each, {"why": str(error)}) for each in rest])
            raise
        self._note(parcels, outcomes)

    def _note(self, parcels: Sequence[Parcel], outcomes: Sequence[Outcome]) -> None:
        """Record what is known, then remove what was accepted."""
        routes = {each.letter.key: each.route for each in parcels}
        accepted = [each for each in outcomes if not each.refused]
        told = [(each.letter, result(each, routes[each.letter.key])) for each in accepted]
        self._record.write("done", told)
        for each in accepted:
            self._names.update(dict.fromkeys(each.names, each.letter.id))
        self.progress.sent += len(accepted)
        self.progress.duplicates += sum(each.duplicate for each in accepted)
        self._remove([each.letter for each in accepted])
        self._refuse([(each.letter, each.refused) for each in outcomes if each.refused])

    def _refuse(self, refused: Sequence[tuple[DeadLetter, str]]) -> None:
        self._record.write("refused", [(letter, {"why": why}) for letter, why in refused])
        self.progress.refused += refused
        if len(self.progress.refused) >= self._order.stop_after:
            self.progress.ended = self.progress.ended or "refused"

    def _remove(self, letters: Sequence[DeadLetter]) -> None:
        if self._order.keep or not letters:
            return
        out = set(self._box.remove(letters))
        self._record.write_each("removed", [each for each in letters if each.id in out])
        self.progress.removed += len(out)
        self.progress.unremoved += sum(each.id not in out for each in letters)

    def _look(self, *, now: bool = False) -> None:
        """See whether letters that this run replayed came back."""
        if not now and self._time.now() - self._looked < LOOK_EVERY:
            return
        self._looked = self._time.now()
        for each in self._box.newcomers():
            of = next((self._names[name] for name in each.names if name in self._names), "")
            if of:
                self._record.write("returned", [(each, {"of": of})])
                self.progress.returned.append((each, of))
        if len(self.progress.returned) >= self._order.stop_after:
            self.progress.ended = "returned"

    def _watch(self) -> None:
        until = self._time.now() + self._order.watch
        while self._names and not self.progress.ended:
            left = until - self._time.now()
            if left <= 0 or self._wait(min(left, LOOK_EVERY)):
                break
            self._box.keep()
            self._look(now=True)
            self._report(self.progress)
