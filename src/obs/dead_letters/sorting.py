"""What a run does with each letter, by what earlier runs recorded."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from obs.dead_letters.letter import DeadLetter, Wanted
from obs.dead_letters.record import Book


@dataclass(slots=True)
class Sorted:
    """Letters by what is to be done with them.

    `replay`: send them; those in `unsure` may have been sent by a run that was ended. `finish`:
    sent already, only to be removed. `returned`: they came back after a replay. `skipped`: unsure
    ones that stay. `others`: how many were not asked for.
    """

    replay: list[DeadLetter] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    finish: list[DeadLetter] = field(default_factory=list)
    returned: list[DeadLetter] = field(default_factory=list)
    skipped: list[DeadLetter] = field(default_factory=list)
    others: int = 0

    def add(self, other: "Sorted") -> None:
        """Take in those of another reading."""
        self.replay += other.replay
        self.unsure |= other.unsure
        self.finish += other.finish
        self.returned += other.returned
        self.skipped += other.skipped
        self.others += other.others


def sort(
    letters: Iterable[DeadLetter],
    wanted: Wanted,
    book: Book,
    *,
    again: bool = False,
    skip_unsure: bool = False,
) -> Sorted:
    """Sort letters; with `again` those that came back are sent once more."""
    found = Sorted()
    for each in letters:
        if not wanted.takes(each):
            found.others += 1
        elif each.key in book.done:
            found.finish.append(each)
        elif book.replay_of(each) and not again:
            found.returned.append(each)
        elif book.unsure(each) and skip_unsure:
            found.skipped.append(each)
        else:
            found.replay.append(each)
            if book.unsure(each):
                found.unsure.add(each.key)
    return found
