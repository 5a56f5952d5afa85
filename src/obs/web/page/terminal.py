"""The status page as lines of text, for a terminal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from obs.web.page.columns import columns, cut, padded, shortened
from obs.web.page.content import Ago, Cell, KindOnPage, Piece, Section, Table, Tone, Trend, Words
from obs.web.page.document import TONES
from obs.web.page.figures import duration, percent, times
from obs.web.page.own_sections import every_section
from obs.web.page.slo_cards import budget_tone, state_of_slo
from obs.web.status import Level, SloStatus, Status

Paint = Callable[[str, Tone], str]
"""Colours a text, or leaves it as it is."""

MARKS: Final[dict[Level, str]] = {"ok": "✓", "warning": "!", "critical": "✗", "unknown": "?"}
_BARS: Final = "▁▂▃▄▅▆▇█"
_WINDOWS: Final = ("5m", "1h", "6h", "3d")
_GAP: Final = "  "
_NAME: Final = 32  # columns that a name has at least, if it needs them


def lines(
    status: Status, kinds: Sequence[KindOnPage], now: float, width: int, paint: Paint
) -> Iterator[str]:
    """The page of a complete status at `now` (Unix seconds), in lines of at most `width`."""
    verdict = status.verdict
    about = f"obs {status.version}, running for {duration(status.uptime_seconds)}{status.role}"
    shard = f" · shard {status.shard}" if status.shard else ""
    yield cut(f"{status.system} · {status.environment}{shard}   {about}", width)
    headline = f"{MARKS[verdict.level]} {verdict.headline}"
    yield paint(cut(headline, width), TONES[verdict.level])
    if verdict.found > 1:
        for problem in verdict.problems:
            yield paint(cut(f"  {problem.level:9}{problem.text}", width), TONES[problem.level])
        if verdict.found > len(verdict.problems):
            yield f"  and {verdict.found - len(verdict.problems)} more"
    if status.slos:
        yield from block("Service level objectives", "", _slo_rows(status.slos), width, paint)
    for section in every_section(status, kinds):
        yield from _section(section, now, width, paint)


def _section(section: Section, now: float, width: int, paint: Paint) -> Iterator[str]:
    if section.table is None:
        yield from ("", cut(f"{section.title}: {section.empty}", width))
        return
    yield from block(section.title, section.note, _rows(section.table, now), width, paint)
    if section.table.more:
        yield cut(section.table.more, width)


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell of a table."""

    text: str
    tone: Tone | None = None
    right: bool = False

    def padded(self, width: int) -> str:
        return padded(self.text, width, right=self.right)


def block(
    title: str, note: str, rows: Sequence[Sequence[Shown]], width: int, paint: Paint
) -> Iterator[str]:
    """A table below its title, which is at least a row of heads.

    Long names in its first column are shortened before the last columns are cut off.
    """
    yield ""
    yield cut(f"{title.upper()}{_GAP}{note}".rstrip(), width)
    names, *widths = (
        max(columns(each.text) for each in column) for column in zip(*rows, strict=True)
    )
    rest = sum(widths) + len(_GAP) * len(widths)
    names = min(names, max(width - rest, _NAME))
    for first, *others in rows:
        called = replace(first, text=shortened(first.text, names))
        yield _line([called, *others], [names, *widths], width, paint)


def _line(row: Sequence[Shown], widths: Sequence[int], width: int, paint: Paint) -> str:
    written, left = "", width
    for cell, wide in zip(row, widths, strict=True):
        shown = cut(cell.padded(wide), left)
        written += (paint(shown, cell.tone) if cell.tone and cell.text else shown) + _GAP
        left -= columns(shown) + len(_GAP)
        if left <= 0:
            break
    return written.rstrip()


def _rows(table: Table, now: float) -> list[list[Shown]]:
    right = [column.kind == "number" for column in table.columns]
    head = [
        Shown(column.label, right=end) for column, end in zip(table.columns, right, strict=True)
    ]
    rows = [
        [_cell(cell, now, end) for cell, end in zip(row, right, strict=True)] for row in table.rows
    ]
    return [head, *rows]


def _cell(cell: Cell, now: float, right: bool) -> Shown:
    if isinstance(cell, str):
        return Shown(cell, right=right)
    pieces: Sequence[Piece] = [cell] if isinstance(cell, Words | Ago | Trend) else cell
    first, *rest = [text for text in (_text(piece, now) for piece in pieces) if text] or [""]
    tones = [each.tone for each in pieces if isinstance(each, Words) and each.tone != "none"]
    words = f"{first} ({'; '.join(rest)})" if rest else first
    return Shown(words, tones[0] if tones else None, right)


def _text(piece: Piece, now: float) -> str:
    match piece:
        case Words(text):
            return text
        case Ago(at, never, before):
            age = never if at is None else f"{duration(max(0.0, now - at))} ago"
            return f"{before} {age}".strip()
        case Trend(values):
            return trend(values)


def trend(values: Sequence[float | None]) -> str:
    """The last values as bars, from 0 to the largest; a space where there was none."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0) or 1.0
    step = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(max(value, 0.0) / top * step)]
        for value in values[-12:]
    )


def _slo_rows(slos: Sequence[SloStatus]) -> list[list[Shown]]:
    burn = [Shown(f"Burn {window}", right=True) for window in _WINDOWS]
    left = Shown("Budget left", right=True)
    head = [Shown("SLO"), Shown("State"), left, *burn, Shown("Objective")]
    return [head, *map(_slo_row, slos)]


def _slo_row(slo: SloStatus) -> list[Shown]:
    tone, word = state_of_slo(slo)
    left = slo.budget_remaining
    return [
        Shown(f"{slo.called} ({slo.service})"),
        Shown(word, tone),
        Shown(percent(left), budget_tone(left), right=True),
        *(Shown(times(slo.burn_rates.get(window)), right=True) for window in _WINDOWS),
        Shown(f"{slo.objective_percent:g} % over {slo.window}"),
    ]
