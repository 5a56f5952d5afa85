"""All checks, in the order in which they are shown."""

from collections.abc import Iterator
from typing import Any, Final

from obs.checks import applied, collecting, emitted, packs, retries, scraped
from obs.checks.check import Check
from obs.sources.kinds import KINDS, module_of
from obs.spec.system import System

_NO_PROMETHEUS: Final = "the spec has no stacks.prometheus"


def _slos(system: System) -> tuple[str, ...]:
    return _collector(system) if system.slos else ()


def _collector(system: System) -> tuple[str, ...]:
    return ("collector",) if system.has_collector else ()


def _prometheus(system: System) -> tuple[str, ...]:
    return ("prometheus",) if system.stacks.prometheus else ()


def _scraping(system: System) -> tuple[str, ...]:
    return _prometheus(system) if system.has_collector else ()


def _of_kinds() -> Iterator[Check[Any]]:
    """The checks of each source kind that has any."""
    for kind in KINDS:
        if module := module_of(kind, "obs.checks", "catalogue"):
            yield from module.CHECKS


_GENERAL: Final[tuple[Check[Any], ...]] = (
    retries.CHECK,
    Check(
        "slo-data",
        "Is the data that the SLOs need arriving, and is it recent?",
        _slos,
        "the spec has no SLO that a collector evaluates",
        read=lambda context, name: context.status(),
        judge=lambda system, name, status: collecting.judge(system, status),
        place=50,
    ),
    Check(
        "scrape",
        "Does Prometheus scrape the collector?",
        _scraping,
        f"{_NO_PROMETHEUS}, or nothing that a collector is for",
        read=lambda context, name: context.scrape(),
        judge=lambda system, name, facts: scraped.judge_scrape(system, facts),
        place=50,
    ),
    Check(
        "rules",
        "Do the rules that Prometheus has loaded match the spec?",
        _prometheus,
        _NO_PROMETHEUS,
        read=lambda context, name: context.rules(),
        judge=lambda system, name, facts: scraped.judge_rules(system, facts),
        place=50,
    ),
    Check(
        "packs",
        "Does Prometheus have the series that the packs need?",
        packs.packs_in_use,
        f"{_NO_PROMETHEUS}, or no packs",
        read=lambda context, name: context.pack_needs(name),
        judge=packs.judge,
        place=50,
    ),
    Check(
        "applied",
        "Do the dashboards, and the rules and routes of the other stacks, match the spec?",
        applied.stacks_of,
        "the spec names no stack except Prometheus under `stacks`",
        read=lambda context, stack: context.steps(stack),
        judge=lambda system, stack, steps: applied.judge(stack, steps),
        place=50,
    ),
    Check(
        "privacy-built",
        "Are the built rules and alarms free of personal data and secrets?",
        lambda system: (system.system,),
        "",
        read=lambda context, name: None,
        judge=lambda system, name, nothing: emitted.judge_texts(
            emitted.texts_of(system), name, "change it in the spec"
        ),
        place=50,
    ),
    Check(
        "privacy-metrics",
        "Are the labels of the collector's series free of personal data and secrets?",
        _collector,
        "rules evaluate all SLOs of the spec, and it has nothing that a collector is for",
        read=lambda context, name: context.exposition(),
        judge=lambda system, name, text: emitted.judge_labels(emitted.label_pairs(text), name),
        place=50,
    ),
)
CHECKS: Final[tuple[Check[Any], ...]] = tuple(
    sorted((*_of_kinds(), *_GENERAL), key=lambda check: check.place)
)
BY_NAME: Final = {check.name: check for check in CHECKS}
