"""What fires when something dies, for whom and when: every set-up beside other systems."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from obs.spec.system import System
from tests.integration.promtool import needs_promtool
from tests.integration.side_by_side import (
    Fired,
    Target,
    World,
    fired,
    rules_of,
    series_of,
    system_of,
)

pytestmark = [pytest.mark.integration, needs_promtool]

MINUTE: Final = 60
BEGIN: Final = 15 * MINUTE
LENGTH: Final = 40 * MINUTE
SPEC: Final = """
version: 1
system: {system}
environment: {environment}
sources:
  nats:
    main: {{monitor: ["http://main:8222"]}}
  aws:
    cloud: {{region: eu-west-1, buses: [{{name: b, rules: [r]}}]}}
slos:
  - {{name: timely, service: s, objective: 99,
      sli: {{nats_lag: {{source: main, stream: S, consumer: main-c, max_seconds: 30s}}}}}}
"""
SHARDS: Final = """
version: 1
system: {system}
environment: {environment}
sources:
  nats:
    east: {{monitor: ["http://east:8222"]}}
    west: {{monitor: ["http://west:8222"]}}
"""
SETUPS: Final = {
    "one collector": (SPEC, (("main", "cloud"),)),
    "two for availability": (SPEC, (("main", "cloud"), ("main", "cloud"))),
    "two by kind": (SPEC, (("main",), ("cloud",))),
    "two shards": (SHARDS, (("east",), ("west",))),
}
FAULTS: Final = ("collector dead", "source dead", "NATS dead", "AWS dead", "Prometheus away")
FAILING: Final = {
    "source dead": ("main", "east"),
    "NATS dead": ("main", "east", "west"),
    "AWS dead": ("cloud",),
}
AWAY: Final = 8 * MINUTE
EVERY: Final = 30

Cell = dict[str, float]
"""Minutes from the fault until an alert fires at the latest, by the alert and what it is about."""


def silent(source: str, *, poll: float = 0.25) -> Cell:
    """A source that fails: 30 % and 100 % of stale_after, a minute, and what intervals add."""
    stale = max(8 * poll, 2.0)
    return {
        f"ObsSourceDown {source}": 0.3 * stale + 2.5,
        f"ObsSourceStale {source}": stale + 2.5,
    }


def unpolled(*sources: str) -> Cell:
    return {f"ObsSourceAbsent {source}": 6.5 for source in sources}


DEAD: Final[Cell] = {"ObsCollectorDown 1:9464": 6.5}
NO_SLO: Final[Cell] = {"SloNoData timely": 23.0}
MAIN: Final = silent("main") | NO_SLO
CLOUD: Final = silent("cloud", poll=1)
EXPECTED: Final[dict[str, dict[str, Cell]]] = {
    "one collector": {
        "collector dead": {"ObsCollectorAbsent": 6.5, **DEAD, **NO_SLO} | unpolled("main", "cloud"),
        "source dead": MAIN,
        "NATS dead": MAIN,
        "AWS dead": CLOUD,
    },
    "two for availability": {
        "collector dead": DEAD,
        "source dead": MAIN,
        "NATS dead": MAIN,
        "AWS dead": CLOUD,
    },
    "two by kind": {
        "collector dead": DEAD | NO_SLO | unpolled("main"),
        "source dead": MAIN,
        "NATS dead": MAIN,
        "AWS dead": CLOUD,
    },
    "two shards": {
        "collector dead": DEAD | unpolled("east"),
        "source dead": silent("east"),
        "NATS dead": silent("east") | silent("west"),
    },
}
"""What fires for the system with the fault; nothing where it is not named, and for no other."""


def collectors_of(system: System, sources: Sequence[Sequence[str]], *, dead: bool) -> list[Target]:
    """The collectors of a system; the first one may die."""
    prefix = "" if system.known_as == "shop" else f"{system.known_as}-"
    return [
        Target(system, f"{prefix}{i}:9464", tuple(some), BEGIN if dead and i == 1 else None)
        for i, some in enumerate(sources, 1)
    ]


def world(folder: Path, setup: str, fault: str, *, others: bool) -> tuple[World, list[System]]:
    """The set-up with a fault of system shop; `others`: beside other systems that are healthy."""
    spec, collectors = SETUPS[setup]
    known = [("shop", "production")]
    known += [("billing", "production"), ("shop", "staging")] if others else []
    systems = [
        system_of(folder, spec.format(system=name, environment=environment))
        for name, environment in known
    ]
    dead = fault == "collector dead"
    targets = [
        target
        for i, each in enumerate(systems)
        for target in collectors_of(each, collectors, dead=dead and i == 0)
    ]
    fails = {f"shop/{name}": float(BEGIN) for name in FAILING.get(fault, ())}
    away = (BEGIN, BEGIN + AWAY) if fault == "Prometheus away" else (0, 0)
    return World(tuple(targets), LENGTH, fails, away), systems


def firing(
    folder: Path, what: World, systems: Sequence[System], *, every_rule: bool = False
) -> list[Fired]:
    """`every_rule`: of alerts too of whose metrics the world has none."""
    series = series_of(what, EVERY, 10)
    rules = rules_of(folder, systems, None if every_rule else series)
    return fired(folder, rules, series, what.length, EVERY)


def told(found: Sequence[Fired]) -> Cell:
    """When each alert fired, in minutes from the fault."""
    return {f"{each.alert} {each.about}".strip(): (each.at - BEGIN) / MINUTE for each in found}


@pytest.mark.parametrize(
    ("setup", "fault", "others"),
    [*product(SETUPS, FAULTS, ["beside others"]), *product(["one collector"], FAULTS, ["alone"])],
)
def test_whatever_dies_is_told_in_time_of_its_own_system_and_of_no_other(
    tmp_path: Path, setup: str, fault: str, others: str
) -> None:
    alone = others == "alone"
    what, systems = world(tmp_path, setup, fault, others=not alone)
    found = firing(tmp_path, what, systems, every_rule=alone)
    expected = EXPECTED[setup].get(fault, {})
    assert {(each.system, each.environment) for each in found} <= {("shop", "production")}
    times = told(found)
    assert times.keys() == expected.keys()
    assert [name for name, at in times.items() if not 0 < at <= expected[name]] == []


def test_what_only_one_of_three_systems_suffers_fires_for_that_one_with_its_own_threshold(
    tmp_path: Path,
) -> None:
    """All consumers have the same names and 2000 messages; one system allows more."""
    more = "alerts: {NatsConsumerLagHigh: {above: 100000}}\n"
    texts = [
        SPEC.format(system="shop", environment="production"),
        SPEC.format(system="billing", environment="production") + more,
        SPEC.format(system="shop", environment="staging"),
    ]
    systems = [system_of(tmp_path, text) for text in texts]
    targets = [
        target
        for each in systems
        for target in collectors_of(each, [["main"], ["cloud"]], dead=False)
    ]
    lag = {"shop/main": 2000.0, "billing/main": 2000.0, "shop-staging/main": 10.0}
    found = firing(tmp_path, World(tuple(targets), LENGTH, lag=lag), systems)
    assert [(each.system, each.environment, each.alert) for each in found] == [
        ("shop", "production", "NatsConsumerLagHigh")
    ]


def test_shards_whose_rules_are_built_one_by_one_tell_the_same_as_of_the_whole_spec(
    tmp_path: Path,
) -> None:
    what, whole = world(tmp_path, "two shards", "collector dead", others=False)
    parts = []
    for name in ("east", "west"):
        monitor = f"{{monitor: ['http://{name}:8222']}}"
        text = f"version: 1\nsystem: shop\nsources: {{nats: {{{name}: {monitor}}}}}\n"
        (folder := tmp_path / name).mkdir()
        parts.append(told(firing(folder, what, [system_of(folder, text)])))
    assert parts[0].keys() == told(firing(tmp_path, what, whole)).keys()
    assert parts[1].keys() == DEAD.keys(), "the other shard's own sources are polled"


def test_a_collector_that_has_not_answered_for_two_days_is_still_told(tmp_path: Path) -> None:
    what, systems = world(tmp_path, "two for availability", "collector dead", others=False)
    found = _at_the_end(tmp_path, replace(what, length=50 * 60 * MINUTE), systems)
    assert found == {"ObsCollectorDown": ["1:9464"]}


def _at_the_end(folder: Path, what: World, systems: Sequence[System]) -> dict[str, list[str]]:
    """What fires at the end of a long time, by alert: the objects."""
    every = 300
    last = what.length - every
    late = series_of(what, every, 0, tick=every)
    rules = rules_of(folder, systems, late)
    found: dict[str, list[str]] = {}
    for each in fired(folder, rules, late, what.length, every, since=last, tick=every):
        found.setdefault(each.alert, []).append(each.about)
    return found
