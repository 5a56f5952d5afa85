"""Prometheus: it scrapes the collector, and has loaded the rules that the spec builds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.recording import recording_groups
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.spec.quantity import parse_duration
from obs.spec.system import System

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


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """The loaded groups, as /api/v1/rules returns them.

    `formatted`: how Prometheus formats an expression, for each that is built or loaded.
    """

    groups: Sequence[Mapping[str, Any]]
    formatted: Mapping[str, str]


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


def built(system: System) -> dict[Identity, dict[str, Any]]:
    """The rules that the spec builds: recording rules where it says that they are evaluated."""
    documents = rule_files(tuned_alerts(system), system).values()
    groups = [group for document in documents for group in document["groups"]]
    stack = system.stacks.prometheus
    if stack is not None and stack.recording:
        groups += recording_groups(system)
    return {
        _identity(group["name"], rule.get("alert") or rule["record"], rule.get("labels", {})): {
            "expression": rule["expr"],
            "for": parse_duration(rule.get("for", "0s")),
            "annotations": rule.get("annotations", {}),
        }
        for group in groups
        for rule in group["rules"]
    }


def expressions(rules: Mapping[Identity, Mapping[str, Any]]) -> set[str]:
    """Every expression of these rules."""
    return {rule["expression"] for rule in rules.values()}


def loaded(
    groups: Sequence[Mapping[str, Any]], wanted: Mapping[Identity, object]
) -> dict[Identity, dict[str, Any]]:
    """The rules of those groups that the spec builds too."""
    names = {identity[0] for identity in wanted}
    return {
        _identity(group["name"], rule["name"], rule.get("labels", {})): {
            "expression": rule["query"],
            "for": float(rule.get("duration", 0)),
            "annotations": rule.get("annotations", {}),
            "health": rule.get("health", "unknown"),
            "error": rule.get("lastError", ""),
        }
        for group in groups
        if group["name"] in names
        for rule in group["rules"]
    }


def judge_rules(system: System, facts: RuleFacts) -> Iterator[CheckFinding]:
    """Each built rule is loaded unchanged and evaluates; its group has no other rules."""
    wanted = built(system)
    live = loaded(facts.groups, wanted)
    bad = 0
    for identity, rule in wanted.items():
        for finding in _judge(identity, rule, live.get(identity), facts.formatted):
            bad += 1
            yield finding
    for identity in live.keys() - wanted.keys():
        bad += 1
        yield doubtful(_named(identity), "is loaded, but the spec does not build it", APPLY)
    if not bad:
        yield right("rules", f"rules up to date: {len(wanted)}")


def _judge(
    identity: Identity,
    wanted: Mapping[str, Any],
    live: Mapping[str, Any] | None,
    formatted: Mapping[str, str],
) -> Iterator[CheckFinding]:
    at = _named(identity)
    if live is None:
        yield wrong(at, "the spec builds this rule, but Prometheus has not loaded it", APPLY)
        return
    differing = [name for name in ("for", "annotations") if live[name] != wanted[name]]
    texts = live["expression"], wanted["expression"]
    if len({formatted.get(text, text) for text in texts}) > 1:
        differing.insert(0, "expression")
    if differing:
        yield wrong(at, f"differs from the spec: {', '.join(differing)}", APPLY)
    if live["health"] == "err":
        yield wrong(at, f"cannot be evaluated: {live['error']}", "see the log of Prometheus", APPLY)


def _identity(group: str, alert: str, labels: Mapping[str, str]) -> Identity:
    return group, alert, frozenset(labels.items())


def _named(identity: Identity) -> str:
    return f"{identity[0]}/{identity[1]}"
