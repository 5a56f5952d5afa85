"""When counters began, for outputs whose format has a start time.

A source says when its counters began, which is saved where they are. Here it is noticed that one
began anew since, as that of a consumer which was deleted and created again: its total fell. From
then on its start is the poll before, when it still had the old total.

Totals are kept over a restart as well: of a counter that began anew while the collector was down,
as that of a server which was restarted, the start is that of the collector. An earlier one might be
before the last point with the old start, and receivers reject what overlaps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import lt
from typing import Final

import msgspec

from obs.catalogue.metric import Kind
from obs.families.family import Family, Rows, Value
from obs.state import State, decoded

GONE: Final = 1_000
"""Series of a metric that are gone and whose last totals are kept: one may come back anew."""
SAVED_EVERY: Final = 60.0
"""Seconds between two writes of a source's totals."""
MOST_SAVED: Final = 20_000
"""Series of a metric whose totals are written; those of objects in such numbers are the source's,
which keeps its counters itself."""
_KIND: Final = "counter_starts"
_TOTALS: Final = "counter_totals"
_COUNTING: Final = (Kind.COUNTER, Kind.HISTOGRAM)

Row = tuple[str, ...]
Key = tuple[str, Row]
"""A metric's name and labels."""
_Saved = list[tuple[str, Row, Row, float]]
"""Metric, names and values of labels, and start of each series that began anew."""
_SavedTotals = list[tuple[tuple[Row, ...], list[tuple[str, Row, list[Value]]]]]
"""Values of labels, and the metrics with these rows: name, names of labels, totals."""


@dataclass(slots=True)
class _Known:
    """A counter's last totals, those of series that are gone, and the starts of those that began
    anew."""

    rows: Rows | None = None
    values: Sequence[Value] = ()
    gone: dict[Row, Value] = field(default_factory=dict)
    starts: dict[Row, float] = field(default_factory=dict)


class CounterStarts:
    """Of all sources; what is known survives a restart in the state."""

    def __init__(self, state: State, on_damage: Callable[[], None], began: float) -> None:
        """`began`: when the collector did (Unix seconds)."""
        self._state = state
        self._began = began
        self._known: dict[str, dict[Key, _Known]] = {}
        self._shown_at: dict[str, float] = {}
        self._saved_at: dict[str, float] = {}
        self._of_process: set[str] = set()
        self._restored: dict[str, dict[Key, _Known]] = {}
        for source, content in state.entries(_KIND).items():
            try:
                saved = decoded(content, _Saved)
            except ValueError:
                on_damage()
                continue
            of = self._restored.setdefault(source, {})
            for metric, labels, row, start in saved:
                of.setdefault((metric, labels), _Known()).starts[row] = start
        for source, content in state.entries(_TOTALS).items():
            try:
                self._restore_totals(source, decoded(content, _SavedTotals))
            except ValueError:
                on_damage()

    def _restore_totals(self, source: str, saved: _SavedTotals) -> None:
        of = self._restored.setdefault(source, {})
        for values, metrics in saved:
            rows = Rows(values)
            for metric, labels, totals in metrics:
                if len(totals) != len(rows):
                    raise ValueError(f"{len(totals)} totals of {len(rows)} series")
                known = of.setdefault((metric, labels), _Known())
                known.rows, known.values = rows, totals

    def of(
        self, source: str, families: Sequence[Family], at: float, *, lasting: bool = True
    ) -> list[Family]:
        """The families that a source shows at `at` (Unix seconds), with the starts of the counters
        that began anew. `lasting`: they go on when the collector is restarted."""
        before = self._known.get(source) or self._restored.get(source, {})
        told_at = self._shown_at.get(source, self._began)
        known: dict[Key, _Known] = {}
        changed = False
        found = []
        for family in families:
            key = (family.metric.name, family.metric.labels)
            if family.metric.kind not in _COUNTING or key in known:
                found.append(family)
                continue
            of = known[key] = before.get(key) or _Known()
            changed |= _observe(of, family, told_at)
            found.append(replace(family, restarts=_by_index(of, family)) if of.starts else family)
        self._known[source] = {**before, **known}
        self._shown_at[source] = at
        if changed:
            self._put(source)
        if not lasting:
            self._of_process.add(source)
        elif changed or not 0 <= at - self._saved_at.get(source, 0.0) < SAVED_EVERY:
            self._put_totals(source, at)
        return found

    def save(self) -> None:
        """Queue everything for the state file."""
        for source in self._known:
            self._put(source)
            if source not in self._of_process:
                self._put_totals(source, self._shown_at[source])

    def _put(self, source: str) -> None:
        saved: _Saved = [
            (metric, labels, row, start)
            for (metric, labels), known in self._known[source].items()
            for row, start in known.starts.items()
        ]
        if saved:
            self._state.put(_KIND, source, msgspec.msgpack.encode(saved))
        else:
            self._state.remove(_KIND, source)

    def _put_totals(self, source: str, at: float) -> None:
        self._saved_at[source] = at
        saved: dict[int, tuple[tuple[Row, ...], list[tuple[str, Row, list[Value]]]]] = {}
        for (metric, labels), known in self._known[source].items():
            if known.rows is None or len(known.rows) > MOST_SAVED:
                continue
            of_rows = saved.setdefault(id(known.rows), (known.rows.values, []))
            of_rows[1].append((metric, labels, list(known.values)))
        if saved:
            self._state.put(_TOTALS, source, msgspec.msgpack.encode([*saved.values()]))


def _observe(known: _Known, family: Family, told_at: float) -> bool:
    """Take the totals of a family; whether the starts have changed."""
    rows, values = known.rows, known.values
    fallen = [*_fallen(known, family)]
    known.rows, known.values = family.rows, family.values
    if rows is not None and rows is not family.rows:
        _remember_gone(known, rows, values, family)
    for row in fallen:
        known.starts.pop(row, None)  # the newest last
        known.starts[row] = told_at
    return bool(fallen) | _forget_starts(known, family)


def _fallen(known: _Known, family: Family) -> Iterator[Row]:
    """The rows whose total is lower than it was."""
    if known.rows is None:
        return
    if known.rows is family.rows:
        before = known.values
        if before is family.values or not _any_less(family.values, before):
            return
        pairs = zip(family.rows.values, family.values, before, strict=True)
        yield from (row for row, new, old in pairs if _is_less(new, old))
        return
    last: Mapping[Row, Value] = {
        **known.gone,
        **dict(zip(known.rows.values, known.values, strict=True)),
    }
    for row, value in zip(family.rows.values, family.values, strict=True):
        if _is_less(value, last.get(row)):
            yield row


def _any_less(new: Sequence[Value], old: Sequence[Value]) -> bool:
    try:
        return any(map(lt, new, old))  # type: ignore[arg-type]  # None is the exception
    except TypeError:
        return any(map(_is_less, new, old))


def _is_less(new: Value, old: Value) -> bool:
    return new is not None and old is not None and new < old


def _remember_gone(known: _Known, rows: Rows, values: Sequence[Value], family: Family) -> None:
    there = set(family.rows.values)
    for row in known.gone.keys() & there:
        del known.gone[row]
    for row, value in zip(rows.values, values, strict=True):
        if row not in there and value is not None:
            known.gone[row] = value
    for row in list(known.gone)[: max(len(known.gone) - GONE, 0)]:
        del known.gone[row]


def _forget_starts(known: _Known, family: Family) -> bool:
    """Forget the starts of series that are gone, and those that the source's own is not before."""
    if not known.starts:
        return False
    kept = known.gone.keys() | set(family.rows.values)
    since = family.since or 0.0
    stale = [row for row, start in known.starts.items() if row not in kept or start <= since]
    for row in stale:
        del known.starts[row]
    return bool(stale)


def _by_index(known: _Known, family: Family) -> dict[int, float]:
    starts = known.starts
    return {i: starts[row] for i, row in enumerate(family.rows.values) if row in starts}
