"""Samples as Prometheus' Protobuf format, the only one that carries native histograms.

A family is one MetricFamily message of io/prometheus/client/metrics.proto, behind its length. The
messages are made by hand: of a sample, all but the value is encoded once for each row.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from struct import Struct
from typing import Final

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows
from obs.families.histogram import SCHEMA, ZERO_THRESHOLD, Exemplar, Histogram, spans
from obs.sinks.labels import Labels, bounded

_COUNTER, _GAUGE, _HISTOGRAM = 0, 1, 4  # of the enum MetricType
_METRIC: Final = b"\x22"  # field 4 of MetricFamily, a message
_OF_GAUGE: Final = b"\x12\x09\x09"  # field 2 of Metric: a message of 9 bytes, a double as field 1
_OF_COUNTER: Final = b"\x1a\x09\x09"  # field 3, likewise
_OF_HISTOGRAM: Final = b"\x3a"  # field 7
_VALUE: Final = Struct("<3sd")
_DOUBLE: Final = Struct("<d").pack


def row_heads(rows: Rows, names: tuple[str, ...], of_all: Labels = ()) -> list[bytes]:
    """The labels of each row, as fields of Metric. `of_all` are labels that all rows have."""
    return [
        b"".join(_label(name, value) for name, value in chain(zip(names, row, strict=True), of_all))
        for row in rows.values
    ]


def family_head(metric: Metric, size: int) -> bytes:
    """What comes before the samples of a family, which have `size` bytes."""
    kind = {Kind.COUNTER: _COUNTER, Kind.HISTOGRAM: _HISTOGRAM}.get(metric.kind, _GAUGE)
    head = b"".join(
        (text(1, metric.name), text(2, metric.help), b"\x18" + varint(kind))  # fields 1 to 3
    )
    return varint(len(head) + size) + head


def samples(family: Family, heads: Sequence[bytes], rows: slice, left_out: frozenset[int]) -> bytes:
    """The samples of some rows; `left_out` has indexes within them."""
    if family.metric.kind is Kind.HISTOGRAM:
        found = enumerate(zip(heads[rows], family.histograms[rows], strict=True))
        return b"".join(
            _metric(head + message(_OF_HISTOGRAM, _histogram(each, family.metric.buckets)))
            for index, (head, each) in found
            if each is not None and index not in left_out
        )
    tag = _OF_COUNTER if family.metric.kind is Kind.COUNTER else _OF_GAUGE
    pack = _VALUE.pack
    return b"".join(
        _metric(head + pack(tag, value))
        for index, (head, value) in enumerate(zip(heads[rows], family.values[rows], strict=True))
        if value is not None and index not in left_out
    )


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit: more follow."""
    if number < 0x80:
        return bytes((number,))
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _histogram(of: Histogram, bounds: Sequence[float]) -> bytes:
    """A message Histogram with classic and exponential buckets."""
    runs = spans(of)
    numbers = [number for _, run in runs for number in run]
    parts = [
        b"\x08" + varint(of.count),  # 1: sample_count
        b"\x11" + _DOUBLE(of.sum),  # 2: sample_sum
        *(  # 3: bucket
            message(b"\x1a", b"\x08" + varint(upto) + b"\x11" + _DOUBLE(bound) + exemplar)
            for upto, bound, exemplar in zip(
                of.classic, bounds, _exemplars(of, b"\x1a") or [b""] * len(bounds), strict=False
            )
        ),
        b"\x28" + varint(_zigzag(SCHEMA)),  # 5: schema
        b"\x31" + _DOUBLE(ZERO_THRESHOLD),  # 6: zero_threshold
        b"\x38" + varint(of.zeros),  # 7: zero_count
        # 12: positive_span. An empty one says that it is native where nothing else does.
        *(message(b"\x62", span) for span in _spans(runs) or (b"\x08\x00\x10\x00",)),
        *(b"\x68" + varint(_zigzag(each)) for each in _deltas(numbers)),  # 13: positive_delta
        *_exemplars(of, b"\x82\x01"),  # 16: exemplars, for those who read the native buckets
    ]
    return b"".join(parts)


def _exemplars(of: Histogram, tag: bytes) -> list[bytes]:
    """A message Exemplar for each classic bucket and the last; empty where it has none."""
    return [b"" if each is None else message(tag, _exemplar(each)) for each in of.exemplars]


def _exemplar(of: Exemplar) -> bytes:
    seconds, rest = divmod(of.at, 1)
    at = b"\x08" + varint(int(seconds)) + b"\x10" + varint(int(rest * 1e9))
    label = _label("trace_id", of.trace_id)
    return label + b"\x11" + _DOUBLE(of.value) + message(b"\x1a", at)


def _spans(runs: Sequence[tuple[int, Sequence[int]]]) -> list[bytes]:
    """Messages BucketSpan: the gap since the one before, and how many buckets follow."""
    found, after = list[bytes](), 0
    for index, run in runs:
        found.append(b"\x08" + varint(_zigzag(index - after)) + b"\x10" + varint(len(run)))
        after = index + len(run)
    return found


def _deltas(numbers: Sequence[int]) -> Iterable[int]:
    return (number - before for before, number in pairwise((0, *numbers)))


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _label(name: str, value: str) -> bytes:
    return message(b"\x0a", text(1, name) + text(2, bounded(value)))  # 1: label


def text(field: int, content: str) -> bytes:
    """A string as the field of this number, which is below 16."""
    return message(bytes((field << 3 | 2,)), content.encode("utf-8", "backslashreplace"))


def message(tag: bytes, content: bytes) -> bytes:
    """A message as the field of this tag."""
    return tag + varint(len(content)) + content


def _metric(content: bytes) -> bytes:
    return _METRIC + varint(len(content)) + content
