"""Prometheus has the series that packs need."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from obs.catalogue.metric import Kind, Metric
from obs.catalogue.query import Matcher, equal, selector
from obs.checks.finding import CheckFinding, right, wrong
from obs.checks.http_live import instant, prometheus_rest
from obs.packs.pack import pack_of
from obs.spec.pack_settings import OwnPack, PackSettings
from obs.spec.stacks import Reached
from obs.spec.system import System

_SHOWN: Final = 3  # sets of labels of other series


@dataclass(frozen=True, slots=True)
class NeedFacts:
    """How many series of a metric that a pack needs there are, chosen as the spec says.

    `exporter` is what has them. Where there are none: `others` are the labels by which the spec
    chooses, as other series of the metric have them; `() ` where there are none at all.
    """

    metric: str
    exporter: str
    series: int
    others: tuple[tuple[tuple[str, str], ...], ...] = ()


def packs_in_use(system: System) -> tuple[str, ...]:
    """The names of the packs to look for; none where no Prometheus can be asked."""
    if system.stacks.prometheus is None:
        return ()
    return tuple(name for name, _ in system.packs.used())


def read_needs(prometheus: Reached, system: System, name: str) -> tuple[NeedFacts, ...]:
    """What Prometheus has of what a pack needs. Raises SourceError, and BadInput for a pack of the
    user's own that cannot be read."""
    settings = dict(system.packs.used())[name]
    needs = pack_of(name, settings).needs
    with closing(prometheus_rest(prometheus)) as rest:

        def counted(metric: Metric, where: Sequence[Matcher]) -> int:
            found = instant(rest, f"count({selector(_series(metric), where)})")
            return round(found[0][1]) if found else 0

        def others(metric: Metric) -> Iterator[tuple[tuple[str, str], ...]]:
            labels = ", ".join(sorted(settings.where))
            for found, _ in instant(
                rest, f"topk({_SHOWN}, count by ({labels}) ({_series(metric)}))"
            ):
                yield tuple(sorted(found.items()))

        facts = []
        for metric, exporter in needs:
            where = settings.matchers if metric.foreign else equal(system.labels)
            number = counted(metric, where)
            seen = () if number or not where or not metric.foreign else tuple(others(metric))
            facts.append(NeedFacts(metric.name, exporter, number, tuple(sorted(seen))))
    return tuple(facts)


def _series(metric: Metric) -> str:
    """Series that a metric has whichever of its buckets are there."""
    return f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name


def judge(system: System, name: str, needs: Sequence[NeedFacts]) -> Iterator[CheckFinding]:
    """There is at least one series of each."""
    settings = dict(system.packs.used())[name]
    path = f"packs.own.{name}" if isinstance(settings, OwnPack) else f"packs.{name}"
    where = _words(settings)
    for need in needs:
        if need.series:
            continue
        at = f"{name} {need.metric}"
        if need.others:
            found = "; ".join(
                ", ".join(map(_pair, labels)) or "no such label" for labels in need.others
            )
            yield wrong(
                at,
                f"Prometheus has none with {where}; it has {need.metric} with {found}",
                f"scrape {need.exporter} with these labels, "
                f"or correct {path}.where, for example to {_where(need)}",
            )
        else:
            suffix = f" with {where}" if where else ""
            yield wrong(
                at,
                f"Prometheus has no such series{suffix}",
                f"scrape {need.exporter}, or remove {path}",
            )
    if needs and all(need.series for need in needs):
        counts = ", ".join(f"{need.metric}: {need.series}" for need in needs)
        yield right(name, f"series that it needs are there: {counts}")


def _words(settings: PackSettings) -> str:
    return ", ".join(f'{label}{operator}"{value}"' for label, operator, value in settings.matchers)


def _pair(pair: tuple[str, str]) -> str:
    return f"{pair[0]}={json.dumps(pair[1], ensure_ascii=False)}"


def _where(need: NeedFacts) -> str:
    """What the spec would say to take the first of the others."""
    first = ", ".join(f"{label}: {value}" for label, value in need.others[0])
    return f"{{{first}}}"
