"""Prometheus: it scrapes the collector, and has loaded the rules that the spec builds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from obs.alerts.recording import recording_groups
from obs.alerts.slo_names.tools import named_groups
from obs.alerts.slo_rules import slo_groups
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.spec.system import System
from obs.stacks.loaded_rules import (
    Fields,
    Group,
    LoadedRules,
    built_fields,
    loaded_fields,
    may_be_of,
)

APPLY: Final = "obs alerts apply --target prometheus"
Identity = tuple[str, str, frozenset[tuple[str, str]]]
"""Group, alert and labels: what identifies a rule."""


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """What Prometheus scrapes; `error` of its last scrape."""

    job: str
    instance: str
    url: str
    up: bool
    error: str


@dataclass(frozen=True, slots=True)
class ScrapeFacts:
    """`collectors` are the (job, instance) that have shown obs_build_info within the last day."""

    targets: tuple[ScrapeTarget, ...]
    collectors: frozenset[tuple[str, str]]


def judge_scrape(system: System, facts: ScrapeFacts) -> Iterator[CheckFinding]:
    """At least one target is a collector, and all collectors are up."""
    listen = system.outputs.web.listen
    ours = [
        target
        for target in facts.targets
        if (target.job, target.instance) in facts.collectors or target.instance == listen
    ]
    if not ours:
        job = {"job_name": "obs", "static_configs": [{"targets": [listen]}]}
        yield wrong(
            "scrape",
            "this Prometheus does not scrape a collector",
            f"add to scrape_configs: {json.dumps(job)}",
        )
    for target in ours:
        at = f"target {target.job} {target.instance}"
        if target.up:
            yield right(at, "is up")
        else:
            yield wrong(
                at,
                f"is down: {target.error or 'not scraped yet'}",
                f"check that the collector runs, and that Prometheus reaches {target.url}",
            )


def built(system: System) -> list[Group]:
    """The groups that the spec builds: recording rules where it says that they are evaluated."""
    documents = rule_files(tuned_alerts(system), system).values()
    groups = [group for document in documents for group in document["groups"]]
    groups += [*slo_groups(system), *named_groups(system)]
    stack = system.stacks.prometheus
    if stack is not None and stack.recording:
        groups += recording_groups(system)
    return groups


def judge_rules(system: System, loaded: LoadedRules) -> Iterator[CheckFinding]:
    """Each built rule is loaded once and unchanged, and evaluates; its group has no other rules."""
    groups = built(system)
    wanted = _rules((group["name"], built_fields(group, loaded)["rules"]) for group in groups)
    live = _rules(_live(system, loaded))
    findings = [
        *_judge_groups(groups, system, loaded),
        *(
            finding
            for identity, (rule, *_) in wanted.items()
            for finding in _judge(identity, rule, live.get(identity, []))
        ),
        *(
            doubtful(_named(identity), "is loaded, but the spec does not build it", APPLY)
            for identity in live.keys() - wanted.keys()
        ),
        *_judge_evaluation(groups, system, loaded),
    ]
    yield from findings
    if not findings:
        yield right("rules", f"rules up to date: {len(wanted)}")


def _live(system: System, loaded: LoadedRules) -> Iterator[tuple[str, list[Fields]]]:
    """The rules of the groups that are loaded, without those of other environments."""
    for group in loaded.groups:
        ours = [rule for rule in group["rules"] if may_be_of(rule, system)]
        yield group["name"], loaded_fields({**group, "rules": ours}, loaded)["rules"]


def _rules(groups: Iterable[tuple[str, list[Fields]]]) -> dict[Identity, list[Fields]]:
    found: dict[Identity, list[Fields]] = {}
    for group, rules in groups:
        for rule in rules:
            identity = group, rule["name"], frozenset(rule["labels"].items())
            found.setdefault(identity, []).append(rule)
    return found


def _judge(identity: Identity, wanted: Fields, live: list[Fields]) -> Iterator[CheckFinding]:
    at = _named(identity)
    if not live:
        yield wrong(at, "the spec builds this rule, but Prometheus has not loaded it", APPLY)
    if len(live) > 1:
        yield wrong(at, f"is loaded {len(live)} times, from several rule files", APPLY)
    differing = [key for key in wanted if any(rule.get(key) != wanted[key] for rule in live)]
    if differing:
        named = ", ".join(key.replace("_", " ") for key in differing)
        yield wrong(at, f"differs from the spec: {named}", APPLY)


def _judge_groups(
    groups: Sequence[Group], system: System, loaded: LoadedRules
) -> Iterator[CheckFinding]:
    """That groups are evaluated as often as the spec says."""
    wanted = {group["name"]: built_fields(group, loaded) for group in groups}
    for group in loaded.groups:
        if not any(may_be_of(rule, system) for rule in group["rules"]):
            continue
        there = loaded_fields(group, loaded)
        for key in ("interval", "limit"):
            if there.get(key) != wanted[group["name"]].get(key):
                yield wrong(group["name"], f"differs from the spec: {key}", APPLY)


def _judge_evaluation(
    groups: Sequence[Group], system: System, loaded: LoadedRules
) -> Iterator[CheckFinding]:
    names = {rule.get("alert") or rule["record"] for group in groups for rule in group["rules"]}
    for group in loaded.groups:
        for rule in group["rules"]:
            ours = may_be_of(rule, system) and rule["name"] in names
            if ours and rule.get("health") == "err":
                at = f"{group['name']}/{rule['name']}"
                error = f"cannot be evaluated: {rule.get('lastError', '')}"
                yield wrong(at, error, "see the log of Prometheus", APPLY)


def _named(identity: Identity) -> str:
    return f"{identity[0]}/{identity[1]}"
