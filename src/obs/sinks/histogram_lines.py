"""The classic buckets, count and sum of histograms, as both text formats write them.

Only OpenMetrics has exemplars, behind a bucket's value.
"""

from collections.abc import Sequence

from obs.catalogue.metric import Metric
from obs.families.histogram import Exemplar, Exemplars, Histogram
from obs.sinks.classic import bounds


def histogram_lines(
    metric: Metric,
    labels: Sequence[str],
    histograms: Sequence[Histogram | None],
    left_out: frozenset[int] = frozenset(),
    *,
    exemplars: bool = False,
) -> str:
    """The lines of each histogram; `labels[i]` ends in the space before its value.

    Those that are None, and those whose index is in `left_out`, have no lines. `exemplars`: with
    these, as OpenMetrics has them.
    """
    found = enumerate(zip(labels, histograms, strict=True))
    return "".join(
        _lines(metric, text, each, each.exemplars if exemplars else ())
        for index, (text, each) in found
        if each is not None and index not in left_out
    )


def _lines(metric: Metric, text: str, of: Histogram, exemplars: Exemplars) -> str:
    name = metric.name
    begin = f"{name}_bucket{{" if text == " " else f"{name}_bucket{text[:-2]},"
    numbers = (*of.classic, of.count)
    buckets = "".join(
        f'{begin}le="{bound}"}} {number}{_exemplar(exemplars[index]) if exemplars else ""}\n'
        for index, (bound, number) in enumerate(zip(bounds(metric.buckets), numbers, strict=True))
    )
    return f"{buckets}{name}_count{text}{of.count}\n{name}_sum{text}{of.sum!r}\n"


def _exemplar(of: Exemplar | None) -> str:
    return "" if of is None else f' # {{trace_id="{of.trace_id}"}} {of.value!r} {of.at:.3f}'
