"""The messages of Prometheus remote write, made by hand: version 2, io.prometheus.write.v2.Request,
and version 1, prometheus.WriteRequest.

In version 2 every text stands once in the table of symbols, and labels are references to it. In
both, labels are sorted, and one without a value is left out: it would be the same as none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from struct import Struct
from typing import Final

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Rows
from obs.sinks.labels import Labels, PerRows, bounded
from obs.sinks.protobuf import message, text, varint
from obs.sinks.written import Batch, Block, Column

STALE: Final = b"\x02\x00\x00\x00\x00\x00\xf0\x7f"
"""The NaN that says that a series has ended, as the bytes of a double."""
_TYPES: Final[Mapping[Kind, int]] = {
    Kind.COUNTER: 1,
    Kind.GAUGE: 2,
    Kind.HISTOGRAM: 3,
    Kind.INFO: 6,
}
"""Numbers of the enum MetricType, the same in both versions."""
_DOUBLE: Final = Struct("<d").pack
_NAME: Final = "__name__"

Pairs = list[tuple[str, str]]
Sorted = tuple[Pairs, Pairs]
"""The labels before and after the name of the metric."""


def sorted_labels(rows: Rows, names: tuple[str, ...], of_all: Labels = ()) -> list[Sorted]:
    """The labels of each row in order, without their values that are empty. `of_all` are labels
    that all rows have unless they have one of that name themselves."""
    more = [(name, bounded(value)) for name, value in of_all if name not in names]
    order = sorted(
        [*((name, i) for i, name in enumerate(names)), *((name, -1) for name, _ in more)]
    )
    given = dict(more)
    found = []
    for row in rows.values:
        pairs = [(name, bounded(row[i]) if i >= 0 else given[name]) for name, i in order]
        pairs = [pair for pair in pairs if pair[1]]
        found.append(
            (
                [pair for pair in pairs if pair[0] < _NAME],
                [pair for pair in pairs if pair[0] > _NAME],
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Protocol:
    """A version: its content type, what the version header says, and how a batch is encoded."""

    kind: str
    version: str
    encoded: Callable[[Batch], bytes]


def protocols(of_all: Labels) -> tuple[Protocol, Protocol]:
    """Version 2 and version 1. `of_all` are labels of all series."""
    kind = "application/x-protobuf"
    return (
        Protocol(f"{kind};proto=io.prometheus.write.v2.Request", "2.0.0", _Version2(of_all)),
        Protocol(kind, "0.1.0", _Version1(of_all)),
    )


def _values(block: Block, column: Column) -> Iterator[tuple[int, bytes]]:
    """Each sample of a column: its row's index within the block, and the bytes of its value."""
    if column.ended:
        yield from ((i, STALE) for i in range(block.end - block.begin))
        return
    left_out, begin = column.left_out, block.begin
    for i, value in enumerate(column.family.values[begin : block.end]):
        if value is not None and (not left_out or i + begin not in left_out):
            yield i, _DOUBLE(value)


def _sample(at: int) -> tuple[bytes, bytes]:
    """What stands before and after the value of a sample of TimeSeries, field 2."""
    when = b"\x10" + varint(at)  # field 2 of Sample
    return b"\x12" + varint(9 + len(when)) + b"\x09", when  # field 1: a double


class _Version1:
    def __init__(self, of_all: Labels) -> None:
        self._heads = PerRows(partial(_heads, of_all=of_all))

    def __call__(self, batch: Batch) -> bytes:
        before, after = _sample(batch.at)
        parts: list[bytes] = []
        described: dict[str, bytes] = {}
        for block in batch.blocks:
            heads = self._heads(block.rows, block.labels)[block.begin : block.end]
            for column in block.columns:
                metric = column.family.metric
                name = _label(_NAME, metric.name)
                described.setdefault(metric.name, _description(metric, column.kind))
                for i, value in _values(block, column):
                    first, last = heads[i]
                    series = b"".join((first, name, last, before, value, after))
                    parts.append(b"\x0a" + varint(len(series)) + series)  # 1: timeseries
        return b"".join((*parts, *described.values()))


def _heads(rows: Rows, names: tuple[str, ...], of_all: Labels) -> list[tuple[bytes, bytes]]:
    """The labels of each row as fields of TimeSeries, before and after that of the name."""
    known: dict[tuple[str, str], bytes] = {}

    def encoded(pairs: Pairs) -> bytes:
        return b"".join(known.get(pair) or known.setdefault(pair, _label(*pair)) for pair in pairs)

    return [(encoded(a), encoded(b)) for a, b in sorted_labels(rows, names, of_all)]


def _label(name: str, value: str) -> bytes:
    return message(b"\x0a", text(1, name) + text(2, value))  # 1: labels


def _description(metric: Metric, kind: Kind) -> bytes:
    """A MetricMetadata, field 3 of WriteRequest."""
    parts = (b"\x08" + varint(_TYPES[kind]), text(2, metric.name), text(4, metric.help))
    return message(b"\x1a", b"".join(parts) + (text(5, metric.unit) if metric.unit else b""))


class _Version2:
    def __init__(self, of_all: Labels) -> None:
        self._labels = PerRows(partial(sorted_labels, of_all=of_all))

    def __call__(self, batch: Batch) -> bytes:
        before, after = _sample(batch.at)
        symbols = _Symbols()
        name_of = symbols.ref(_NAME)
        parts: list[bytes] = []
        for block in batch.blocks:
            labels = self._labels(block.rows, block.labels)[block.begin : block.end]
            heads = [(symbols.refs(a), symbols.refs(b)) for a, b in labels]
            for column in block.columns:
                metric = column.family.metric
                name = name_of + symbols.ref(metric.name)
                about = (
                    b"\x08" + varint(_TYPES[column.kind]),
                    b"\x18" + symbols.ref(metric.help),  # 3: help_ref
                    b"\x20" + symbols.ref(metric.unit) if metric.unit else b"",  # 4: unit_ref
                )
                rest = after + message(b"\x2a", b"".join(about))  # 5: metadata
                created = _Created(column)
                for i, value in _values(block, column):
                    first, last = heads[i]
                    size = len(first) + len(name) + len(last)
                    refs = b"\x0a" + varint(size) + first + name + last  # 1: labels_refs
                    series = refs + before + value + rest + created.of(i + block.begin)
                    parts.append(b"\x2a" + varint(len(series)) + series)  # 5: timeseries
        return b"".join((*symbols.encoded(), *parts))


class _Symbols:
    """The texts of one request, the first of which is empty; each stands for its place."""

    def __init__(self) -> None:
        self._refs = {"": b"\x00"}

    def ref(self, symbol: str) -> bytes:
        """The reference to a text."""
        found = self._refs.get(symbol)
        if found is None:
            found = self._refs[symbol] = varint(len(self._refs))
        return found

    def refs(self, pairs: Pairs) -> bytes:
        """The references to names and values."""
        return b"".join([self.ref(each) for pair in pairs for each in pair])

    def encoded(self) -> Iterator[bytes]:
        """Field 4 of Request."""
        return (text(4, symbol) for symbol in self._refs)


class _Created:
    """When the counters of a column began, as field 6 of TimeSeries; nothing where unknown."""

    def __init__(self, column: Column) -> None:
        family, counts = column.family, column.kind in (Kind.COUNTER, Kind.HISTOGRAM)
        counts = counts and not column.ended
        self._of_all = _created(family.since if counts else None)
        self._restarts = family.restarts if counts else {}

    def of(self, row: int) -> bytes:
        """Of the row of this index in the family."""
        if not self._restarts or row not in self._restarts:
            return self._of_all
        return _created(self._restarts[row])


def _created(since: float | None) -> bytes:
    return b"" if since is None or since <= 0 else b"\x30" + varint(round(since * 1000))
