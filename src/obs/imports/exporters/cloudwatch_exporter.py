"""The configuration of cloudwatch_exporter as AWS sources."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from obs.imports.exporters.cloudwatch import Account, Asked, Gathered, Place, imported, period_of
from obs.imports.exporters.imported import ImportedSources
from obs.imports.exporters.options import Option, tell
from obs.imports.findings import Findings, Section
from obs.spec.globs import escaped
from obs.spec.tree import Fields, Items, Scalar

_ONCE: Final = "obs reads the newest complete period, once a period"
_ITSELF: Final = "obs lists series itself, at most every `inventory_every`"
OPTIONS: Final = (
    Option("region", "sources.aws.NAME.region"),
    Option("role_arn", "sources.aws.NAME.role_arn"),
    Option("metrics", "sources.aws.NAME.metrics"),
    Option("aws_namespace", "sources.aws.NAME.metrics[].namespace", within="metric"),
    Option("aws_metric_name", "sources.aws.NAME.metrics[].name", within="metric"),
    Option("aws_dimensions", "sources.aws.NAME.metrics[].dimensions", within="metric"),
    Option("aws_dimension_select", "sources.aws.NAME.metrics[].dimensions", within="metric"),
    Option("aws_dimension_select_regex", "sources.aws.NAME.metrics[].dimensions", within="metric"),
    Option("aws_statistics", "sources.aws.NAME.metrics[].statistic", within="metric"),
    Option("aws_extended_statistics", "sources.aws.NAME.metrics[].statistic", within="metric"),
    Option(
        "aws_tag_select",
        told="obs selects series of `metrics` by name: write globs in `dimensions`; `tags` select "
        "what it watches by itself",
        lost=True,
        within="metric",
    ),
    Option("period_seconds", "sources.aws.NAME.metrics[].period", within="shared"),
    Option("delay_seconds", "sources.aws.NAME.delay", within="shared"),
    Option("range_seconds", told=_ONCE, within="shared"),
    Option(
        "set_timestamp",
        told="samples have the time of their scrape: queries need no `offset 10m` any more",
        within="shared",
    ),
    Option("use_get_metric_data", told="obs always uses GetMetricData", within="shared"),
    Option("list_metrics_cache_ttl", told=_ITSELF, within="shared"),
    Option("warn_on_empty_list_dimensions", told="`obs check` tells it", within="shared"),
)
"""Those that are shared may stand at the top, and with a metric."""

_STATISTICS: Final = ("Sum", "SampleCount", "Minimum", "Maximum", "Average")
_PERIOD: Final = 60.0
_DELAY: Final = 600.0
_MOST_COMBINATIONS: Final = 200
_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ODD: Final = re.compile(r"[^a-zA-Z0-9:_]|_{2,}")
_PREFIX: Final = re.compile(r"\^?([A-Za-z0-9 _/:+@=-]*)(\.\*)?([A-Za-z0-9 _/:+@=-]*)\$?")
_ONE_OF: Final = re.compile(r"\^?\(?([A-Za-z0-9 _/:+@=-]+(?:\|[A-Za-z0-9 _/:+@=-]+)+)\)?\$?")


def is_cloudwatch_exporter(document: Fields) -> bool:
    """Whether a document is a configuration of cloudwatch_exporter."""
    metrics = document.fields.get("metrics")
    return isinstance(metrics, Items) and any(
        isinstance(each, Fields) and "aws_namespace" in each.fields for each in metrics.items
    )


def import_cloudwatch_exporter(
    documents: Sequence[Fields], origin: str, findings: Findings, *, keep_names: bool
) -> ImportedSources:
    """The sources that these configurations say."""
    gathered = Gathered()
    for document in documents:
        _read(Section(document, findings), gathered)
    return imported(
        gathered,
        origin,
        findings,
        kept="aws, the source" if keep_names else "",
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    """What holds for all metrics, or for one; in seconds."""

    period: float = _PERIOD
    delay: float = _DELAY


def _read(document: Section, gathered: Gathered) -> None:
    tell(document, OPTIONS, "")
    shared = _settings(document, _Settings())
    region, role = document.text("region"), document.text("role_arn")
    if not region:
        document.note("region", "is not written: us-east-1 now; write that of your metrics")
    accounts = (Account(role),) if role else ()
    for metric in document.sections("metrics"):
        settings = _settings(metric, shared)
        place = Place((region or "us-east-1",), accounts, settings.delay)
        asked = list(_metric(metric, settings))
        if asked:
            gathered.add(place, asked)
        else:
            gathered.refused += 1
    document.tell_unread()


def _settings(section: Section, shared: _Settings) -> _Settings:
    tell(section, OPTIONS, "shared")
    period, delay = section.number("period_seconds"), section.number("delay_seconds")
    return _Settings(
        shared.period if period is None else period_of(section, "period_seconds", period),
        shared.delay if delay is None else delay,
    )


def _metric(metric: Section, settings: _Settings) -> Iterator[Asked]:
    tell(metric, OPTIONS, "metric")
    namespace, name = metric.text("aws_namespace"), metric.text("aws_metric_name")
    extended = _texts(metric, "aws_extended_statistics")
    statistics = _texts(metric, "aws_statistics") or ([] if extended else [*_STATISTICS])
    dimensions = list(_dimensions(metric))
    metric.tell_unread()
    if not namespace or not name:
        metric.lost("", "is left out: it needs aws_namespace and aws_metric_name")
        return
    for each in dimensions:
        for statistic in (*statistics, *extended):
            yield Asked(
                namespace,
                name,
                statistic,
                each,
                settings.period,
                metric.place("aws_metric_name"),
                exporter_name(namespace, name, statistic),
            )


def exporter_name(namespace: str, metric: str, statistic: str) -> str:
    """What cloudwatch_exporter calls a metric."""
    words = "_".join(
        (namespace.lower(), *(_BORDER.sub("_", x).lower() for x in (metric, statistic)))
    )
    return _ODD.sub("_", words)


def _dimensions(metric: Section) -> Iterator[dict[str, str]]:
    """All dimensions of the series, as values or globs: one for each combination of values."""
    names = _texts(metric, "aws_dimensions")
    chosen = {name: ["*"] for name in names}
    for key, glob_of in (("aws_dimension_select", _value), ("aws_dimension_select_regex", _globs)):
        below = metric.section(key)
        for name in below.node.fields if below else ():
            assert below is not None
            if name not in chosen:
                below.lost(name, "is none of aws_dimensions; left out")
                continue
            globs = [glob for each in _texts(below, name) for glob in glob_of(each)]
            if globs and None not in globs:
                chosen[name] = [glob for glob in globs if glob is not None]
            else:
                below.lost(name, "this regex is no glob: all values are read; write globs")
    combinations = product(*chosen.values())
    for values in islice(combinations, _MOST_COMBINATIONS):
        yield dict(zip(chosen, values, strict=True))
    if next(combinations, None) is not None:
        metric.lost(
            "aws_dimension_select", f"more than {_MOST_COMBINATIONS} combinations; write globs"
        )


def _value(text: str) -> list[str | None]:
    return [escaped(text)]


def _globs(regex: str) -> list[str | None]:
    """The globs that match what the regex does; None where it is more than that."""
    if one := _ONE_OF.fullmatch(regex):
        return [*one[1].split("|")]
    if found := _PREFIX.fullmatch(regex):
        return [f"{found[1]}{'*' if found[2] else ''}{found[3]}"]
    return [None]


def _texts(section: Section, key: str) -> list[str]:
    section.known(key)
    value = section.node.fields.get(key)
    items = value.items if isinstance(value, Items) else ()
    return [str(each.value) for each in items if isinstance(each, Scalar)]
