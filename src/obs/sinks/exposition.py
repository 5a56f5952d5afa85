"""The exposition: the content of /metrics, rendered and compressed once a poll.

Prometheus text format 0.0.4 and OpenMetrics 1.0.0 differ in the lines about a family and agree in
its samples, but for the exemplars of histograms, which only OpenMetrics has. So each family's
samples are rendered and compressed once for both. A scrape only joins the pieces. Protobuf, which
Prometheus asks for where it takes native histograms, is rendered while somebody asks for it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain, compress
from threading import Lock
from types import NoneType
from typing import Final, Literal

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Value
from obs.sinks import protobuf
from obs.sinks.gzip_stream import Piece, deflate, member
from obs.sinks.histogram_lines import histogram_lines
from obs.sinks.labels import Duplicates, Labels, PerRows, label_texts
from obs.sinks.plain_pieces import PlainPieces

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_WHOLE: Final = frozenset((int, bool, NoneType))
_PLAIN: Final = frozenset((int, float, NoneType))  # not bool, whose repr is not a number
_NOT_FINITE: Final = ((" inf\n", " +Inf\n"), (" -inf\n", " -Inf\n"), (" nan\n", " NaN\n"))
_NONE: Final[frozenset[int]] = frozenset()
_BLOCK: Final = 4096  # rows rendered at a time: a block's text stays in the processor's cache
_ASKED: Final = 300.0  # seconds for which Protobuf goes on being rendered when it was asked for

Format = Literal["text", "openmetrics", "protobuf"]


@dataclass(frozen=True, slots=True)
class _RenderedFamily:
    """A family and its compressed sample lines by blocks of rows; None for a block without any.

    `left_out` are the indexes of rows without a sample. `binary` has the blocks that were rendered
    in Protobuf, by their index, and `exemplars` those that OpenMetrics has in place of these.
    """

    family: Family
    blocks: tuple[Piece | None, ...]
    left_out: frozenset[int] = _NONE
    binary: dict[int, Piece] = field(default_factory=dict)
    exemplars: Mapping[int, Piece | None] = field(default_factory=dict)

    @property
    def openmetrics(self) -> Iterator[Piece | None]:
        """The blocks as OpenMetrics has them."""
        return (self.exemplars.get(index, block) for index, block in enumerate(self.blocks))


@dataclass(frozen=True, slots=True)
class _Section:
    """All samples of one metric; `openmetrics` where they differ there."""

    metric: Metric
    samples: tuple[Piece, ...]
    openmetrics: tuple[Piece, ...]
    parts: tuple[_RenderedFamily, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpositionBody:
    """A body that is made while it is read; `size` in bytes."""

    size: int
    pieces: Callable[[], Iterator[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces()


class ExpositionPage:
    """All samples at one time; immutable. Bodies are assembled when first requested."""

    def __init__(
        self,
        sections: tuple[_Section, ...],
        plain: PlainPieces,
        binary: Callable[[_RenderedFamily], list[Piece]],
    ) -> None:
        """`binary` gives the samples of a family in Protobuf."""
        self._sections = sections
        self._plain = plain
        self._binary = binary
        self._gzip: dict[Format, bytes] = {}
        self._sizes: dict[Format, int] = {}

    def body(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> bytes:
        """The page in one of the formats, compressed or plain."""
        return b"".join(self.stream(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf))

    def stream(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> ExpositionBody:
        """The page in Protobuf, OpenMetrics or Prometheus' text format, compressed or plain.

        The compressed body is kept; a plain one, some fifteen times as large, is inflated piece
        by piece while it is read, and readers share the pieces.
        """
        form: Format = "protobuf" if protobuf else "openmetrics" if openmetrics else "text"
        if gzip:
            if form not in self._gzip:
                self._gzip[form] = member(self._pieces(form))
            whole = self._gzip[form]
            return ExpositionBody(len(whole), lambda: iter((whole,)))
        if form not in self._sizes:
            self._sizes[form] = sum(piece.size for piece in self._pieces(form))
        return ExpositionBody(self._sizes[form], lambda: self._plain.joined(self._pieces(form)))

    def _pieces(self, form: Format) -> Iterable[Piece]:
        if form == "protobuf":
            for section in self._sections:
                pieces = list(chain.from_iterable(map(self._binary, section.parts)))
                yield _binary_header(section.metric, sum(piece.size for piece in pieces))
                yield from pieces
            return
        for section in self._sections:
            yield _header(section.metric, form == "openmetrics")
            yield from section.openmetrics if form == "openmetrics" else section.samples
        if form == "openmetrics":
            yield _END


class Exposition:
    """The rendered families of all sources. Safe to update from several threads.

    `labels` are those that every sample has beside its own, unless its metric is foreign.
    """

    def __init__(
        self, labels: Labels = (), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = Lock()
        self._monotonic = monotonic
        self._texts = PerRows(partial(label_texts, of_all=labels))
        self._heads = PerRows(partial(protobuf.row_heads, of_all=labels))
        self._foreign_texts = PerRows(label_texts)
        self._foreign_heads = PerRows(protobuf.row_heads)
        self._asked: float | None = None  # when Protobuf was last asked for
        self._duplicates = Duplicates()
        self._parts: dict[str, tuple[_RenderedFamily, ...]] = {}
        self._page: ExpositionPage | None = None
        self._plain = PlainPieces()

    def update(self, source: str, families: Sequence[Family]) -> None:
        """Replace all families of `source`.

        Where a family's rows are the same object as before, only blocks of rows whose values
        differ are rendered. The exposition holds on to the families: do not change them
        afterwards. Raises ValueError where rows and values differ in number.
        """
        before = self._parts.get(source, ())
        parts = tuple(self._part(family, before) for family in families)
        if self._asked is not None and self._monotonic() - self._asked < _ASKED:
            for part in parts:  # here, so that the one who asks does not wait
                self._binary(part)
        with self._lock:
            self._parts = {**self._parts, source: parts}
            self._page = None
        self._plain.forget_unread()

    def withdraw(self, source: str) -> None:
        """Remove all families of `source`, if there are any."""
        with self._lock:
            self._parts = {name: parts for name, parts in self._parts.items() if name != source}
            self._page = None

    def page(self) -> ExpositionPage:
        """The current samples; the same object until something changes."""
        with self._lock:
            if self._page is None:
                self._page = ExpositionPage(tuple(self._sections()), self._plain, self._binary)
            return self._page

    def body(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> bytes:
        """The body of the current page."""
        return b"".join(self.stream(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf))

    def stream(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> ExpositionBody:
        """The same, made while it is read."""
        if protobuf:
            self._asked = self._monotonic()
        return self.page().stream(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf)

    def _part(self, family: Family, before: Iterable[_RenderedFamily]) -> _RenderedFamily:
        for part in before:
            old = part.family
            if old.rows is family.rows and old.metric == family.metric:
                return self._rendered(family, part)
        return self._rendered(family)

    def _rendered(
        self, family: Family, old: _RenderedFamily | None = None, left_out: frozenset[int] = _NONE
    ) -> _RenderedFamily:
        """The family without the rows `left_out`; unchanged blocks are those of `old`."""
        if len(family.values) != len(family.rows):
            raise ValueError(
                f"{family.metric.name}: {len(family.rows)} rows, {len(family.values)} values"
            )
        left_out |= self._duplicates.repeated(family.rows)
        blocks: list[Piece | None] = []
        binary: dict[int, Piece] = {}
        exemplars: dict[int, Piece | None] = {}
        for index, start in enumerate(range(0, len(family.rows), _BLOCK)):
            rows = slice(start, start + _BLOCK)
            if old and old.family.values[rows] == family.values[rows]:
                blocks.append(old.blocks[index])
                if index in old.binary:
                    binary[index] = old.binary[index]
                if index in old.exemplars:
                    exemplars[index] = old.exemplars[index]
            else:
                blocks.append(self._block(family, rows, left_out))
                if any(each and each.exemplars for each in family.histograms[rows]):
                    exemplars[index] = self._block(family, rows, left_out, exemplars=True)
        return _RenderedFamily(family, tuple(blocks), left_out, binary, exemplars)

    def _block(
        self, family: Family, rows: slice, left_out: frozenset[int], *, exemplars: bool = False
    ) -> Piece | None:
        texts_of = self._foreign_texts if family.metric.foreign else self._texts
        texts = texts_of(family.rows, family.metric.labels)
        within = _within(rows, left_out)
        if family.metric.kind is Kind.HISTOGRAM:
            of_rows = family.histograms[rows]
            lines = histogram_lines(
                family.metric, texts[rows], of_rows, within, exemplars=exemplars
            )
        else:
            lines = sample_lines(family.metric.name, texts[rows], family.values[rows], within)
        return deflate(lines.encode()) if lines else None

    def _binary(self, part: _RenderedFamily) -> list[Piece]:
        """The family's samples in Protobuf; what is unchanged is not rendered again."""
        family = part.family
        for index, text in enumerate(part.blocks):
            if text is not None and index not in part.binary:
                rows = slice(index * _BLOCK, (index + 1) * _BLOCK)
                heads_of = self._foreign_heads if family.metric.foreign else self._heads
                heads = heads_of(family.rows, family.metric.labels)
                within = _within(rows, part.left_out)
                part.binary[index] = deflate(protobuf.samples(family, heads, rows, within))
        return [part.binary[index] for index, text in enumerate(part.blocks) if text is not None]

    def _sections(self) -> Iterable[_Section]:
        by_name: dict[str, list[_RenderedFamily]] = {}
        for part in chain.from_iterable(self._parts[name] for name in sorted(self._parts)):
            by_name.setdefault(part.family.metric.name, []).append(part)
        for parts in sorted(by_name.values(), key=_ours_first):
            distinct = tuple(self._distinct(parts))
            blocks = chain.from_iterable(part.blocks for part in distinct)
            if pieces := tuple(piece for piece in blocks if piece is not None):
                metric, special = parts[0].family.metric, pieces
                if any(part.exemplars for part in distinct):
                    blocks = chain.from_iterable(part.openmetrics for part in distinct)
                    special = tuple(piece for piece in blocks if piece is not None)
                yield _Section(metric, pieces, special, distinct)

    def _distinct(self, parts: list[_RenderedFamily]) -> Iterable[_RenderedFamily]:
        """The parts, without samples of rows that an earlier part has too."""
        families = [part.family for part in parts]
        for index, part in enumerate(parts):
            left_out = self._duplicates.given(part.family, families[:index])
            yield self._rendered(part.family, left_out=left_out) if left_out else part


def _ours_first(parts: Sequence[_RenderedFamily]) -> tuple[bool, str]:
    metric = parts[0].family.metric
    return metric.foreign, metric.name


def _within(rows: slice, left_out: frozenset[int]) -> frozenset[int]:
    """The indexes among those rows, from the first of them on."""
    return frozenset(i - rows.start for i in left_out if rows.start <= i < rows.stop)


def sample_lines(
    name: str, labels: Sequence[str], values: Sequence[Value], left_out: frozenset[int] = _NONE
) -> str:
    """One line a sample; `labels[i]` ends in the space before `values[i]`.

    Rows without a value, and those whose index is in `left_out`, have no line.
    """
    types = set(map(type, values))
    if left_out or NoneType in types:
        taken = [v is not None for v in values]
        for i in left_out:
            taken[i] = False
        labels = list(compress(labels, taken))
        values = list(compress(values, taken))
    if not types <= _PLAIN:
        values = [int(v) if isinstance(v, int) else float(v) for v in values if v is not None]
    if not labels:
        return ""
    words = ["\n" + name] * (3 * len(labels)) + ["\n"]
    words[0] = name
    words[1:-1:3] = labels
    words[2:-1:3] = map(repr, values)
    lines = "".join(words)
    if types <= _WHOLE:
        return lines
    for written, wanted in _NOT_FINITE:  # only a value comes before the end of a line
        lines = lines.replace(written, wanted)
    return lines


def header_lines(metric: Metric, *, openmetrics: bool) -> str:
    """The comment lines before a family's samples."""
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if not openmetrics:  # this format has no info type
        kind = "gauge" if metric.kind is Kind.INFO else metric.kind
        return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {kind}\n"
    name = metric.family
    unit = f"# UNIT {name} {metric.unit}\n" if _ends_in_unit(metric) else ""
    text = text.replace('"', r"\"")
    return f"# TYPE {name} {metric.kind}\n{unit}# HELP {name} {text}\n"


def _ends_in_unit(metric: Metric) -> bool:
    return bool(metric.unit) and metric.family.endswith(f"_{metric.unit}")


@lru_cache(maxsize=1024)
def _header(metric: Metric, openmetrics: bool) -> Piece:
    return deflate(header_lines(metric, openmetrics=openmetrics).encode())


def _binary_header(metric: Metric, size: int) -> Piece:
    return deflate(protobuf.family_head(metric, size))


_END: Final = deflate(b"# EOF\n")
