"""The HTML of a section and its table."""

from collections.abc import Iterator, Sequence
from typing import Final

from obs.web.page.content import (
    Ago,
    Cell,
    Column,
    Filter,
    Form,
    Piece,
    Section,
    Table,
    Tone,
    Trend,
    Words,
)
from obs.web.page.figures import UNKNOWN
from obs.web.page.markup import Markup, age, element, joined, sparkline

_QUIET: Final = frozenset({"", "0", "0 s", UNKNOWN, "none"})  # hidden on a phone
_FORMS: Final[dict[Form, tuple[str, str]]] = {  # tag and classes
    "strong": ("b", ""),
    "sub": ("span", "sub"),
    "code": ("span", "sub mono"),
    "fault": ("span", "error"),
    "pill": ("span", "pill {tone}"),
    "tone": ("span", "tone {tone}"),
}


def section(content: Section, typed: Filter, now: float) -> Markup:
    """A section with its title, and its table or why there is none. `now` is in Unix seconds."""
    note = element("span", content.note, class_="muted small", data_part=f"{content.name}-note")
    return element(
        "section",
        element(
            "div",
            element("h2", content.title),
            note,
            _filter(typed) if content.filterable else None,
            class_="title",
        ),
        element("div", *_body(content, now), class_="card", data_part=f"{content.name}-list"),
        id=content.name,
        class_=None if content.half else "whole",
    )


def _body(content: Section, now: float) -> Iterator[Markup]:
    if content.table is None:
        yield element("p", content.empty, class_="empty")
        return
    yield table(content.table, now)
    if content.table.more:
        yield element("p", content.table.more, class_="more")


def _filter(typed: Filter) -> Markup:
    """A form, so that it works without a script too."""
    box = element(
        "input",
        type="search",
        id="filter",
        name="filter",
        value=typed.typed,
        placeholder="Filter by name or status",
        aria_label="Filter consumers by name, stream, account or status",
        autocomplete="off",
        spellcheck="false",
    )
    return element("form", box, class_="aside", method="get")


def table(content: Table, now: float) -> Markup:
    """A table; the roles keep it one for assistive technology, also where a phone shows blocks."""
    head = [
        element(
            "th",
            column.label,
            scope="col",
            role="columnheader",
            class_="number" if column.kind == "number" else None,
        )
        for column in content.columns
    ]
    body = [element("tr", *_cells(content.columns, row, now), role="row") for row in content.rows]
    return element(
        "div",
        element(
            "table",
            element("caption", content.caption, class_="hidden-text"),
            element("thead", element("tr", *head, role="row"), role="rowgroup"),
            element("tbody", *body, role="rowgroup"),
            role="table",
        ),
        class_="scroll",
    )


def _cells(columns: Sequence[Column], row: Sequence[Cell], now: float) -> Iterator[Markup]:
    for column, cell in zip(columns, row, strict=True):
        pieces = _pieces(cell)
        quiet = not column.keep and all(map(_is_quiet, pieces))
        names = [column.kind] * (column.kind != "text") + ["quiet"] * quiet
        yield element(
            "td",
            *(_drawn(piece, now) for piece in pieces),
            role="cell",
            data_label=column.label,
            class_=" ".join(names) or None,
        )


def _pieces(cell: Cell) -> Sequence[Piece]:
    if isinstance(cell, str):
        return (Words(cell),)
    return (cell,) if isinstance(cell, Words | Ago | Trend) else cell


def _is_quiet(piece: Piece) -> bool:
    if isinstance(piece, Words):
        return piece.text in _QUIET
    return isinstance(piece, Ago) and piece.at is None and piece.never in _QUIET


def _drawn(piece: Piece, now: float) -> Markup | None:
    match piece:
        case Trend(values, tone, label):
            return sparkline(values, tone, label)
        case Ago(at, never, before):
            shown = never if at is None else age(at, now)
            return element("span", f"{before} ", shown, class_="sub") if before else joined(shown)
        case Words(text, form, tone):
            return _written(text, form, tone) if text else None


def _written(text: str, form: Form, tone: Tone) -> Markup:
    if form == "plain":
        return joined(text)
    tag, names = _FORMS[form]
    return element(tag, text, class_=names.format(tone=tone) or None)
