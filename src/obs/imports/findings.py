"""What an import tells, and reading a foreign mapping so that nothing in it goes unnoticed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from obs.spec.quantity import parse_duration
from obs.spec.report import Problem, cut, did_you_mean, problem_at
from obs.spec.tree import Fields, FilePlace, Items, Node, Scalar, is_empty, locate, locate_key

_SHOWN: Final = 80


Labels = Mapping[str, tuple[str, FilePlace]]
"""Texts and their places, by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the user. `lost`: something was not taken over; else it was, in other words."""

    problem: Problem
    lost: bool

    def __str__(self) -> str:
        if self.lost:
            return str(self.problem)
        about = self.problem
        return str(Problem(about.file, about.line, about.field, f"note: {about.message}"))


class Findings:
    """Collects the findings of an import."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self.losses = 0
        """How often something was not taken over so far, also where it was told before."""

    def lost(self, place: FilePlace, message: str) -> None:
        """What could not be taken over, why, and what to do."""
        self.add(problem_at(place, message), lost=True)

    def note(self, place: FilePlace, message: str) -> None:
        """What was taken over in other words, or with a choice that the user may correct."""
        self.add(problem_at(place, message), lost=False)

    def add(self, problem: Problem, *, lost: bool) -> None:
        """A finding that is there already is not told again."""
        self.losses += lost
        self._found[Finding(problem, lost)] = None

    def in_order(self) -> list[Finding]:
        """By file and line."""
        return sorted(self._found, key=lambda each: (each.problem.file, each.problem.line or 0))


class Section:
    """A mapping of a foreign file. A value of the wrong kind is told, and counts as left out."""

    def __init__(self, node: Fields, findings: Findings) -> None:
        self.node = node
        self.findings = findings
        self._known: set[str] = set()

    def place(self, key: str = "") -> FilePlace:
        """Where the value of a key is, or would be; without a key, the section's place."""
        return locate(self.node, (key,)) if key else self.node.place

    def has(self, key: str) -> bool:
        """Whether a key has a value."""
        return self._value(key) is not None

    def lost(self, key: str, message: str) -> None:
        """Tells that the value of a key was not taken over."""
        self.findings.lost(self.place(key), message)

    def note(self, key: str, message: str) -> None:
        """Tells how the value of a key was taken over."""
        self.findings.note(self.place(key), message)

    def text(self, key: str) -> str | None:
        """A text; numbers and truth values as they are written in YAML."""
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, Scalar):
            self.lost(key, "is no text; left out")
            return None
        written = value.value
        return str(written).lower() if isinstance(written, bool) else str(written).strip()

    def number(self, key: str) -> float | None:
        """A number."""
        value = self._value(key)
        written = value.value if isinstance(value, Scalar) else value
        if written is None:
            return None
        if isinstance(written, int | float) and not isinstance(written, bool):
            return float(written)
        self.lost(key, f"{_shown(written)} is no number; left out")
        return None

    def truth(self, key: str) -> bool | None:
        """true or false."""
        value = self._value(key)
        written = value.value if isinstance(value, Scalar) else value
        if written is None or isinstance(written, bool):
            return written
        self.lost(key, f"{_shown(written)} is neither true nor false; left out")
        return None

    def seconds(self, key: str) -> float | None:
        """A duration, for example 1m; one without a unit is in minutes."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return parse_duration(f"{text}m" if text.isdigit() else text)
        except ValueError as error:
            self.lost(key, f"{error}; left out")
            return None

    def section(self, key: str) -> "Section | None":
        """A mapping."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, Fields):
            return Section(value, self.findings)
        self.lost(key, "is no mapping; left out")
        return None

    def sections(self, key: str) -> "list[Section]":
        """A list of mappings."""
        value = self._value(key)
        if value is None:
            return []
        if not isinstance(value, Items):
            self.lost(key, "is no list; left out")
            return []
        found = []
        for item in value.items:
            if isinstance(item, Fields):
                found.append(Section(item, self.findings))
            else:
                self.findings.lost(item.place, "is no mapping; left out")
        return found

    def labels(self, key: str) -> "Labels":
        """A mapping of names to texts."""
        below = self.section(key)
        if below is None:
            return {}
        found = ((name, below.text(name)) for name in below.node.fields)
        return {name: (text, below.place(name)) for name, text in found if text is not None}

    def known(self, *keys: str) -> None:
        """Keys that need not be told of where nothing reads them."""
        self._known.update(keys)

    def tell_unread(self) -> None:
        """Tells of every key that the format does not have. Call it when all keys were read."""
        for key in self._unread():
            hint = did_you_mean(key, self._known) or "; left out"
            self.findings.lost(locate_key(self.node, (key,)), f"is no field of this format{hint}")

    def _unread(self) -> Iterator[str]:
        for key, value in self.node.fields.items():
            if key not in self._known and not is_empty(value):
                yield key

    def _value(self, key: str) -> Node | None:
        self._known.add(key)
        value = self.node.fields.get(key)
        return None if value is None or is_empty(value) else value


def _shown(value: object) -> str:
    return cut(repr(value), _SHOWN) if isinstance(value, str | int | float) else "this"
