"""What a replay would do: a dry run, which sends and removes nothing."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from obs.dead_letters.box import Box, Route
from obs.dead_letters.letter import DeadLetter
from obs.dead_letters.record import Book
from obs.dead_letters.replay import Order
from obs.dead_letters.sorting import Sorted


class Way(NamedTuple):
    """Letters of one cause that go to one place. `problem`: why they cannot."""

    cause: str
    origin: str
    to: str
    problem: str


@dataclass(slots=True)
class Plan:
    """How many letters go which way. `letters`: all that were read; `left`: those beyond the limit.

    `unsure`, `finish`, `returned`, `skipped`, `others`: as obs.dead_letters.sorting has them.
    """

    letters: int = 0
    left: int = 0
    unsure: int = 0
    finish: int = 0
    returned: int = 0
    skipped: int = 0
    others: int = 0
    ways: Counter[Way] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many would be sent."""
        return sum(number for way, number in self.ways.items() if not way.problem)

    @property
    def problems(self) -> int:
        """How many cannot be sent."""
        return self.ways.total() - self.sent


def planned(box: Box, book: Book, order: Order) -> Plan:
    """The plan; reads the whole box. Raises SourceError."""
    plan, routes = Plan(), list[Route]()
    while letters := box.read():
        found = order.sorted(letters, book)
        _count(plan, letters, found)
        for at in range(0, len(found.replay), box.batch):
            room = len(found.replay) if order.limit is None else order.limit - plan.ways.total()
            chunk = found.replay[at : at + box.batch]
            routes += _add(plan, box, chunk[: max(room, 0)], order.to)
            plan.left += max(len(chunk) - max(room, 0), 0)
    plan.warnings = box.warnings(list(dict.fromkeys(each for each in routes if not each.problem)))
    plan.notes = [*box.notes]
    return plan


def _count(plan: Plan, letters: list[DeadLetter], found: Sorted) -> None:
    plan.letters += len(letters)
    plan.unsure += len(found.unsure)
    plan.finish += len(found.finish)
    plan.returned += len(found.returned)
    plan.skipped += len(found.skipped)
    plan.others += found.others


def _add(plan: Plan, box: Box, chunk: list[DeadLetter], to: str | None) -> list[Route]:
    filled = box.filled(chunk)
    there = [each for each in filled if each.content is not None]
    for each in filled:
        if each.content is None:
            plan.ways[Way(each.cause, each.origin, "", "its message is gone")] += 1
    routes = box.routes(there, to)
    for letter, route in zip(there, routes, strict=True):
        plan.ways[Way(letter.cause, letter.origin, route.to, route.problem)] += 1
    return [route._replace(message_id="") for route in routes]
