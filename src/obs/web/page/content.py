"""What a status page is made of, free of HTML: the kinds of source fill it with their objects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

from obs.web.page.figures import number, plural
from obs.web.status import SourceStatus, Status, StatusRow

Tone = Literal["good", "warn", "bad", "calm", "none"]
Form = Literal["plain", "strong", "sub", "code", "fault", "pill", "tone"]
ROWS: Final = 50  # of a table; the rest is counted
RowT = TypeVar("RowT", bound=StatusRow)


@dataclass(frozen=True, slots=True)
class Words:
    """Text of a cell: `sub` is a second line, `code` an address, `fault` what is wrong."""

    text: str
    form: Form = "plain"
    tone: Tone = "none"


@dataclass(frozen=True, slots=True)
class Ago:
    """How long ago `at` (Unix seconds) was; `never` where it is None."""

    at: float | None
    never: str
    before: str = ""  # begins a line of its own, such as "last seen"


@dataclass(frozen=True, slots=True)
class Trend:
    """A small line of values, oldest first; None where there was none."""

    values: Sequence[float | None]
    tone: Tone
    label: str  # for those who do not see it


Piece = Words | Ago | Trend
Cell = str | Piece | Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table. On a phone `wide` takes a line, and what is 0 or unknown is hidden, except with
    `keep`."""

    label: str
    kind: Literal["text", "number", "wide"] = "text"
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`more` is said below it."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. `name` is the kind of problem that leads to it; `place` orders them.

    Two `half` ones that follow each other stand side by side on a wide screen. `empty` is said
    where there is no table. `filterable` may be narrowed by the words that a reader types.
    """

    name: str
    title: str
    place: int
    table: Table | None = None
    empty: str = ""
    note: str = ""
    half: bool = False
    filterable: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """How many of what are fine, beside the headline; leads to the section of that name."""

    section: str
    label: str
    fine: int
    all: int


@dataclass(frozen=True, slots=True)
class KindOnPage:
    """What one kind of source adds to the page."""

    sections: Sequence[Section] = ()
    tiles: Sequence[Tile] = ()
    note: str = ""  # on all sources of the kind


@dataclass(frozen=True, slots=True)
class Filter:
    """The words that a reader typed, of which a row must have all."""

    typed: str = ""
    words: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.typed.lower().split())

    def matches(self, *texts: str) -> bool:
        """Whether these texts have all words."""
        text = " ".join(texts).lower()
        return all(word in text for word in self.words)


def strong(text: str) -> Words:
    """What a row is about."""
    return Words(text, "strong")


def sub(text: str) -> Words:
    """A second line."""
    return Words(text, "sub")


def fault(text: str) -> Words:
    """What is wrong, in words of the system concerned."""
    return Words(text, "fault")


def pill(tone: Tone, text: str) -> Words:
    """A state."""
    return Words(text, "pill", tone)


def toned(tone: Tone, text: str) -> Words:
    """A value that is worth a look."""
    return Words(text, "tone", tone)


def named(name: str, place: str) -> tuple[Words, Words]:
    """An object, and where it is."""
    return strong(name), sub(place)


def with_sub(text: str, more: str) -> tuple[Words, Words]:
    """A value, with a second line."""
    return Words(text), sub(more)


def rows_of(status: Status, name: str, row: type[RowT]) -> Sequence[RowT]:
    """The list of that name, in the order of the document."""
    return [each for each in status.lists.get(name, ()) if isinstance(each, row)]


def of_list(
    section: Section,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[RowT],
    cells: Callable[[RowT], Sequence[Cell]],
    *,
    noun: str,
) -> Section:
    """The section with a table of the first rows; the rest is counted."""
    rest = len(rows) - ROWS
    more = f"{plural(rest, f'more {noun}')}." if rest > 0 else ""
    return replace(section, table=Table(caption, columns, [cells(r) for r in rows[:ROWS]], more))


def why_empty(name: str, sources: Sequence[SourceStatus], otherwise: str) -> str:
    """Why nothing of these sources is on the page."""
    states = {state_of(source)[1] for source in sources}
    if states == {"not polled yet"}:
        return f"{name} has not been polled yet."
    if states == {"never up"}:
        return f"{name} has had no successful poll yet; see the error under Sources."
    if states == {"stale"}:
        return f"{name} is stale: its data is withdrawn until the next successful poll."
    return otherwise


def state_of(source: SourceStatus) -> tuple[Tone, str]:
    """A source's state in a word."""
    if source.up:
        return "good", "up"
    if source.last_success is None:
        return ("none", "not polled yet") if source.error is None else ("bad", "never up")
    stale = source.age_seconds is not None and source.age_seconds > source.stale_after
    return ("bad", "stale") if stale else ("warn", "poll failed")


def counted(value: float | None, tone: Tone) -> Cell:
    """A count that is worth a look unless it is 0."""
    return toned(tone, number(value)) if value else number(value)
