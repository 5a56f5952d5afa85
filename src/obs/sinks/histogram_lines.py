"""The classic buckets, count and sum of histograms, as both text formats write them."""

from collections.abc import Sequence

from obs.catalogue.metric import Metric
from obs.families.histogram import Histogram
from obs.sinks.classic import bounds


def histogram_lines(
    metric: Metric,
    labels: Sequence[str],
    histograms: Sequence[Histogram | None],
    left_out: frozenset[int] = frozenset(),
) -> str:
    """The lines of each histogram; `labels[i]` ends in the space before its value.

    Those that are None, and those whose index is in `left_out`, have no lines.
    """
    found = enumerate(zip(labels, histograms, strict=True))
    return "".join(
        _lines(metric, text, each)
        for index, (text, each) in found
        if each is not None and index not in left_out
    )


def _lines(metric: Metric, text: str, of: Histogram) -> str:
    name = metric.name
    begin = f"{name}_bucket{{" if text == " " else f"{name}_bucket{text[:-2]},"
    numbers = (*of.classic, of.count)
    buckets = "".join(
        f'{begin}le="{bound}"}} {number}\n'
        for bound, number in zip(bounds(metric.buckets), numbers, strict=True)
    )
    return f"{buckets}{name}_count{text}{of.count}\n{name}_sum{text}{of.sum!r}\n"
