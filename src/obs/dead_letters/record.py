"""The record of replays and purges: a line of JSON before and after each deed, never a payload."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from obs.dead_letters.box import Outcome, Route
from obs.dead_letters.letter import DeadLetter
from obs.dead_letters.shown import line as line_of
from obs.redaction.text import one_line

Deed = Literal["intent", "done", "refused", "returned", "removed", "purge", "purged", "stopped"]
_LONGEST: Final = 300  # characters of why something was refused


def line(deed: Deed, at: float, run: str, **fields: Any) -> str:
    """A line of the record; `at` in Unix seconds, `run` names the run of the command."""
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    document = {"at": when.replace("+00:00", "Z"), "run": run, "deed": deed, **fields}
    return json.dumps(document, ensure_ascii=False)


def about(letter: DeadLetter) -> dict[str, Any]:
    """What a line says of a letter."""
    why = {"cause": letter.cause, "origin": letter.origin}
    return {"id": letter.id, "key": letter.key, **why}


def intent(route: Route) -> dict[str, Any]:
    """What a line says before a letter is sent."""
    named = {"message_id": line_of(route.message_id)} if route.message_id else {}
    return {"to": line_of(route.to), **named}


def result(outcome: Outcome, route: Route) -> dict[str, Any]:
    """What a line says after a letter was sent."""
    if outcome.refused:
        return {"to": line_of(route.to), "why": one_line(outcome.refused, _LONGEST)}
    told = intent(route) | {"names": list(outcome.names)}
    return told | ({"duplicate": True} if outcome.duplicate else {})


@dataclass(slots=True)
class Book:
    """What a record says of letters, by their keys.

    `sent`: the id of the letter that was replayed under a name. `torn`: lines that are none, as a
    kill leaves one.
    """

    intended: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    sent: dict[str, str] = field(default_factory=dict)
    torn: int = 0

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Book":
        """The book that these lines make."""
        book = cls()
        for each in lines:
            try:
                document = json.loads(each)
                book.add(document["deed"], document)
            except (ValueError, KeyError, TypeError, RecursionError):
                book.torn += bool(each.strip())
        return book

    def add(self, deed: str, told: Mapping[str, Any]) -> None:
        """Take a line in. Raises KeyError and TypeError where something is missing."""
        if deed == "intent":
            self.intended.add(told["key"])
        elif deed == "done":
            self.done.add(told["key"])
            self.sent.update(dict.fromkeys(told["names"], told["id"]))
        elif deed == "refused":
            self.intended.discard(told["key"])
        elif deed == "removed":
            self.removed.add(told["key"])

    def unsure(self, letter: DeadLetter) -> bool:
        """Whether it may have been sent: a run ended between intent and outcome."""
        return letter.key in self.intended and letter.key not in self.done

    def replay_of(self, letter: DeadLetter) -> str:
        """The id of the letter whose replay came back as this one; empty where it is none."""
        return next((self.sent[name] for name in sorted(letter.names) if name in self.sent), "")
