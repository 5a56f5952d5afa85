"""What remote write sends of a push, before it is encoded: requests that can be cut in two.

The series of one object stand together, so that its labels are written once a request.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows
from obs.sinks.classic import ClassicHistograms
from obs.sinks.ended import EndedSeries, shown_by
from obs.sinks.labels import Duplicates

_NONE: Final = frozenset[int]()


@dataclass(frozen=True, slots=True)
class Column:
    """A metric of a block's rows. `kind` is that of the metric which users know: of a bucket,
    histogram. `ended`: its series are gone."""

    family: Family
    kind: Kind
    left_out: frozenset[int] = _NONE
    ended: bool = False

    def samples(self, rows: range) -> int:
        """How many samples it has in these rows."""
        if self.ended:
            return len(rows)
        values = self.family.values[rows.start : rows.stop]
        repeated = sum(self.family.values[i] is not None for i in self.left_out if i in rows)
        return len(values) - values.count(None) - repeated


@dataclass(frozen=True, slots=True)
class Block:
    """Metrics of the same rows, from `begin` up to `end`."""

    rows: Rows
    labels: tuple[str, ...]
    begin: int
    end: int
    columns: tuple[Column, ...]

    def samples(self) -> int:
        """How many samples it has."""
        return sum(column.samples(range(self.begin, self.end)) for column in self.columns)

    def halves(self) -> "tuple[Block, Block] | None":
        """The same in two; None for a single series."""
        if self.end - self.begin > 1:
            middle = (self.begin + self.end) // 2
            return replace(self, end=middle), replace(self, begin=middle)
        if len(self.columns) > 1:
            half = len(self.columns) // 2
            before, after = self.columns[:half], self.columns[half:]
            return replace(self, columns=before), replace(self, columns=after)
        return None


@dataclass(frozen=True, slots=True)
class Batch:
    """The content of a request; all samples have the time `at` (Unix milliseconds)."""

    at: int
    blocks: tuple[Block, ...]
    samples: int

    def halves(self) -> "tuple[Batch, Batch] | None":
        """The same in two; None for a single series."""
        if len(self.blocks) > 1:
            half = len(self.blocks) // 2
            return _batch(self.at, self.blocks[:half]), _batch(self.at, self.blocks[half:])
        halves = self.blocks[0].halves()
        return halves and (_batch(self.at, halves[:1]), _batch(self.at, halves[1:]))


def _batch(at: int, blocks: Sequence[Block]) -> Batch:
    return Batch(at, tuple(blocks), sum(block.samples() for block in blocks))


def _identities(rows: Rows, _: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
    return rows.values


class WrittenSeries:
    """Turns the families of a push into batches; remembers which series there were."""

    def __init__(self) -> None:
        self._classic = ClassicHistograms()
        self._duplicates = Duplicates()
        self._ended = EndedSeries(_identities)

    def batches(self, families: Sequence[Family], at: int, most: int) -> list[Batch]:
        """All samples, and the end of each series that the push before had and this one has not,
        in batches of about `most` samples."""
        kinds = {family.metric.name: family.metric.kind for family in families}
        columns = [*self._columns(families)]
        shown = shown_by([column.family for column in columns])
        columns += self._ends(self._ended.since_last(shown), kinds)
        self._ended.taken(shown)
        return [*_packed(_grouped(columns), at, most)]

    def _columns(self, families: Sequence[Family]) -> Iterator[Column]:
        by_name: dict[str, list[tuple[Family, Kind]]] = {}
        for family in families:
            kind = family.metric.kind
            parts = self._classic.families(family) if kind is Kind.HISTOGRAM else (family,)
            for part in parts:
                by_name.setdefault(part.metric.name, []).append((part, kind))
        for same in by_name.values():
            for index, (family, kind) in enumerate(same):
                earlier = [each for each, _ in same[:index]]
                left_out = self._duplicates.repeated(family.rows)
                yield Column(family, kind, left_out | self._duplicates.given(family, earlier))

    def _ends(
        self, gone: Mapping[Metric, list[tuple[str, ...]]], kinds: Mapping[str, Kind]
    ) -> Iterator[Column]:
        for metric, rows in gone.items():
            family = Family(metric, Rows(dict.fromkeys(rows)), [])
            yield Column(family, kinds.get(metric.name, metric.kind), ended=True)


def _grouped(columns: Iterable[Column]) -> Iterator[list[Column]]:
    """Columns of the same rows and labels."""
    groups: dict[tuple[int, tuple[str, ...]], list[Column]] = {}
    for column in columns:
        key = (id(column.family.rows), column.family.metric.labels)
        groups.setdefault(key, []).append(column)
    yield from groups.values()


@dataclass(slots=True)
class _Filling:
    """A batch that blocks are put into until it is full."""

    at: int
    most: int
    blocks: list[Block] = field(default_factory=list)
    samples: int = 0

    def put(self, block: Block) -> Iterator[Batch]:
        """Take a block; gives the batch before it where both together are too many."""
        samples = block.samples()
        if not samples:
            return
        if self.samples and self.samples + samples > self.most:
            yield from self.rest()
        self.blocks.append(block)
        self.samples += samples

    def rest(self) -> Iterator[Batch]:
        """What is left."""
        if self.blocks:
            yield Batch(self.at, tuple(self.blocks), self.samples)
        self.blocks, self.samples = [], 0


def _packed(groups: Iterable[list[Column]], at: int, most: int) -> Iterator[Batch]:
    filling = _Filling(at, most)
    for columns in groups:
        rows, labels = columns[0].family.rows, columns[0].family.metric.labels
        wide = min(len(columns), most)
        step = max(most // wide, 1)
        for begin in range(0, len(rows), step):
            end = min(begin + step, len(rows))
            for first in range(0, len(columns), wide):
                some = tuple(columns[first : first + wide])
                yield from filling.put(Block(rows, labels, begin, end, some))
    yield from filling.rest()
