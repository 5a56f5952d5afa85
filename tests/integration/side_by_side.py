"""Collectors of several systems under one Prometheus, as series for promtool; and what fires."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from obs.alerts.alert import TunedAlert
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.artifacts import yaml_text
from obs.catalogue import aws, nats, own, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, selector
from obs.spec.load import load
from obs.spec.source import SourceSpec, stale_after
from obs.spec.system import System
from tests.integration.promtool import said_of, that_can_fire

TICK: Final = 5
"""Seconds between the moments at which something can be scraped."""
_GOT: Final = re.compile(r"\{([^{}]*)\} ([-+.\dE]+)")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_ABOUT: Final = ("instance", "source", "consumer", "slo")
_SELF: Final = ("ObsWatchdog",)

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]


@dataclass(frozen=True)
class Target:
    """A collector under Prometheus: it polls these sources of its spec until it dies."""

    system: System
    instance: str
    sources: tuple[str, ...]
    dies: float | None = None
    job: str = "obs"


@dataclass(frozen=True)
class World:
    """What happens, in seconds from the start.

    `fails`: when sources begin to fail, and `lag`: of their consumers, by `system/source`, as the
    system is known; `away`: from when to when Prometheus scrapes nothing; `slow`: how much longer
    it takes from one success to the next than the interval.
    """

    targets: tuple[Target, ...]
    length: int
    fails: Mapping[str, float] = field(default_factory=dict)
    away: tuple[float, float] = (0.0, 0.0)
    lag: Mapping[str, float] = field(default_factory=dict)
    slow: float = 0.0


@dataclass(frozen=True, order=True)
class Fired:
    """An alert, whose it is and what it is about; `at` is when it first fired."""

    system: str
    environment: str
    alert: str
    about: str
    at: float


def system_of(folder: Path, text: str) -> System:
    """The system of a spec."""
    file = folder / "spec.yaml"
    file.write_text(text, encoding="utf-8")
    return load([file], variables={})


def rules_of(
    folder: Path, systems: Iterable[System], series: Sequence[dict[str, str]] | None = None
) -> list[str]:
    """Files of every system's rules, as each builds them; with `series`, of the alerts only that
    can fire where there are these."""
    names = []
    for system in systems:
        alerts: Sequence[TunedAlert] = tuned_alerts(system)
        if series is not None:
            alerts = that_can_fire(alerts, (each["series"] for each in series))
        for name, document in rule_files(alerts, system).items():
            file = f"{system.system}-{system.environment}-{name}.yaml"
            (folder / file).write_text(yaml_text(document))
            names.append(file)
    return names


def series_of(world: World, scrape: int, phase: int, tick: int = TICK) -> list[dict[str, str]]:
    """The series that Prometheus has where it scrapes so often, this much after full intervals."""
    rows: dict[Series, dict[int, float]] = {}
    ended: dict[Series, int] = {}
    for target in world.targets:
        for t in range(phase, world.length, scrape):
            if world.away[0] <= t < world.away[1]:
                continue
            seen = dict(_scraped(target, world, t))
            for series, value in seen.items():
                rows.setdefault(series, {})[t] = value
            mine = [each for each in rows if ("instance", target.instance) in each[1]]
            for series in mine:
                if series not in seen:
                    ended.setdefault(series, t)
    return [
        {"series": _named(series), "values": _values(values, world.length, tick, ended.get(series))}
        for series, values in rows.items()
    ]


def fired(
    folder: Path,
    rules: Sequence[str],
    series: Sequence[dict[str, str]],
    length: int,
    every: int,
    since: int = 0,
    tick: int = TICK,
) -> list[Fired]:
    """What fires, and when first, where rules are evaluated every so many seconds."""
    span = length - since
    whole = f'min_over_time(timestamp(ALERTS{{alertstate="firing"}})[{span}s:{every}s])'
    test = {
        "interval": f"{tick}s",
        "input_series": list(series),
        "promql_expr_test": [
            {"expr": whole, "eval_time": f"{length - length % every}s", "exp_samples": []}
        ],
    }
    document = {
        "rule_files": list(rules),
        "evaluation_interval": f"{every}s",
        "tests": [test],
    }
    (folder / "world.yaml").write_text(yaml_text(document))
    _, _, seen = said_of(folder, "world.yaml").partition("got:")
    found = []
    for text, number in _GOT.findall(seen.partition("expr:")[0]):
        labels = dict(_LABEL.findall(text))
        about = [labels[name] for name in _ABOUT if name in labels]
        if labels["alertname"] not in _SELF:
            found.append(
                Fired(
                    labels["system"],
                    labels["environment"],
                    labels["alertname"],
                    "".join(about[:1]),
                    float(number),
                )
            )
    return sorted(found)


def _scraped(target: Target, world: World, t: int) -> Iterator[tuple[Series, float]]:
    where = (("instance", target.instance), ("job", target.job))
    alive = target.dies is None or t < target.dies
    yield (own.UP.name, where), float(alive)
    if not alive:
        return

    def series(metric: Metric, value: float, **labels: str) -> tuple[Series, float]:
        of_system = target.system.labels
        return (metric.name, (*labels.items(), *of_system, *where)), value

    yield series(own.BUILD_INFO, 1, version="1", python_version="3")
    shown = set()
    for name in target.sources:
        fails = world.fails.get(f"{target.system.known_as}/{name}", float("inf"))
        last = _last_success(target.system, name, world, min(t, fails))
        limit = stale_after(_source(target.system, name))
        yield series(own.SOURCE_UP, float(t < fails), source=name)
        yield series(own.SOURCE_LAST_SUCCESS, last, source=name)
        yield series(own.SOURCE_ASKED_SINCE, 0, source=name)
        yield series(own.SOURCE_STALE_AFTER, limit, source=name)
        yield series(own.SOURCE_WITHDRAWN, 0, source=name)
        if t - last < limit:
            shown.add(name)
            lag = world.lag.get(f"{target.system.known_as}/{name}", 10.0)
            for metric, value, of_object in _objects(target.system, name, lag):
                yield series(metric, value, **of_object)
    for each in target.system.slos:
        if each.sli.measured.source not in target.sources:
            continue
        about = {"slo": each.name, "slo_service": each.service}
        yield series(slo.ASKED_SINCE, 0, **about)
        if each.sli.measured.source in shown:
            yield series(slo.WATERMARK, t, **about)
            yield series(slo.OBJECTIVE, each.objective / 100, **about)
            yield series(slo.BUDGET_REMAINING, 1, **about)


def _last_success(system: System, name: str, world: World, t: float) -> float:
    cycle = _source(system, name).poll + world.slow
    return t // cycle * cycle


def _objects(
    system: System, name: str, lag: float
) -> Iterator[tuple[Metric, float, dict[str, str]]]:
    if name in system.sources.nats:
        consumer = {"nats": name, "account": "$G", "stream": "S", "consumer": f"{name}-c"}
        yield nats.LAG_MESSAGES, lag, consumer
        yield nats.STATUS, 0, consumer
        yield nats.SERVER_UP, 1, {"nats": name, "server": "n:8222"}
    else:
        rule = {"aws": name, "bus": "b", "rule": "r"}
        yield aws.FAILED_INVOCATIONS, 7, rule


def _source(system: System, name: str) -> SourceSpec:
    return next(source for _, own_name, source in system.sources.every() if own_name == name)


def _named(series: Series) -> str:
    return selector(series[0], equal(series[1]))


def _values(values: Mapping[int, float], length: int, tick: int, ended: int | None) -> str:
    words = []
    for t in range(0, length, tick):
        if t in values:
            words.append(f"{values[t]:g}")
        else:
            words.append("stale" if t == ended else "_")
    return " ".join(words)
