"""Every metric: type, unit, labels, meaning, sample, and the alerts that read it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from docs._generate.alert_rules import expression, of_obs, of_packs
from docs._generate.declared import of_pack
from docs._generate.markdown import code, joined, words
from docs._generate.samples import sample
from docs._generate.since import since
from obs import catalogue
from obs.catalogue.exported import ALWAYS, names_in
from obs.catalogue.metric import Metric

TITLES: Final = {
    "nats": "NATS JetStream",
    "nats-servers": "NATS servers, accounts and clients",
    "aws": "AWS",
    "probe": "Probes",
    "slo": "SLOs",
    "own": "The collector itself",
}
"""The pages, by the first part of the modules of the catalogue; others are on the last one."""
_OF_SERVERS: Final = re.compile(
    r"nats_(accounts|clients|groups|links|monitor|raft|routes|server)\w*"
)


def pages() -> dict[str, str]:
    """A page for each kind of system, and one of what recording rules produce."""
    found = {"metrics/index": _index()}
    for key, title in TITLES.items():
        sections = [
            joined(f"## {words(about)}", entries(metrics))
            for home, about, metrics in _modules()
            if home == key
        ]
        found[f"metrics/{key}"] = joined(f"# Metrics: {title}", *sections)
    recorded = entries(catalogue.RECORDED.values())
    about = "Series that the rules of `obs alerts build` produce; the collector exports none."
    found["metrics/recorded"] = joined("# Metrics: recording rules", about, recorded)
    return found


def entries(metrics: Iterable[Metric], pack: str = "") -> str:
    """A definition for each of these metrics; `pack` reads them from another exporter."""
    return "\n\n".join(_entry(metric, of_pack(pack, metric)) for metric in metrics)


def _index() -> str:
    return joined(
        "# Metrics",
        f"The collector exports {len(catalogue.ALL)} metrics. Every series has the labels `system` "
        "and `environment` of its spec beside those below. A metric *on request* is exported only "
        "where `metrics.include` names it; `metrics.exclude` leaves others out. Packs read metrics "
        "of other exporters, which are on [their pages](../packs/index.md).",
        "```{toctree}\n:maxdepth: 2\n:glob:\n\n*\n```",
    )


def _modules() -> Iterator[tuple[str, str, list[Metric]]]:
    """Each module of the catalogue that declares metrics: its page, what it says, the metrics."""
    seen: set[str] = set()
    for module in iter_modules(catalogue.__path__):
        loaded = import_module(f"{catalogue.__name__}.{module.name}")
        metrics = [each for each in vars(loaded).values() if isinstance(each, Metric)]
        names = catalogue.BY_NAME.keys() - seen
        own = [each for each in metrics if each.name in names and not each.foreign]
        seen |= {each.name for each in own}
        if own:
            first = module.name.partition("_")[0]
            if _OF_SERVERS.fullmatch(module.name):
                first = "nats-servers"
            about = (loaded.__doc__ or module.name).strip().splitlines()[0].rstrip(".")
            yield (first if first in TITLES else "own"), about.removeprefix("Metrics of "), own


def _entry(metric: Metric, target: str) -> str:
    facts = [f"Type: {metric.kind.value}"]
    if metric.unit:
        facts.append(f"unit {metric.unit}")
    labels = ", ".join(map(code, metric.labels))
    facts.append(f"labels {labels}" if labels else "no labels of its own")
    facts += _more(metric)
    lines = [f"[{code(metric.name)}]{{#{target}}}", f": {words(metric.help)}"]
    if metric.absent:
        lines.append(f"\n  No series: {words(metric.absent)}")
    lines += [f"\n  {' · '.join(facts)}", f"\n  Sample: {code(sample(metric))}"]
    if alerts := _readers().get(metric.name):
        links = ", ".join(f"[{name}](#{name})" for name in alerts)
        lines.append(f"\n  Read by {links}")
    return "\n".join(lines)


def _more(metric: Metric) -> Iterator[str]:
    if metric.states:
        states = ", ".join(f"{number} {state}" for number, state in enumerate(metric.states))
        yield f"values {states}"
    if metric.on_request:
        yield "on request"
    if metric.name in ALWAYS:
        yield "always exported"
    if metric.rare:
        yield "only while something is out of the ordinary"
    if metric.aws is not None:
        twin = metric.aws
        yield f"from CloudWatch `{twin.namespace}` `{twin.metric}` ({twin.statistic})"
    if metric.cloudwatch is not None:
        yield f"in CloudWatch as `{metric.cloudwatch.metric}` ({metric.cloudwatch.unit})"
    if not metric.foreign:
        yield f"since {since(metric.name)}"


@cache
def _readers() -> Mapping[str, list[str]]:
    """The alerts that read a metric, by its name."""
    found: dict[str, list[str]] = {}
    for alert in (*of_obs(), *of_packs()):
        for name in names_in(expression(alert)):
            found.setdefault(name, []).append(alert.name)
    return found
