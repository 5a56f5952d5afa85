"""Burn-rate alarms: the error ratios of a long and a short window, and a composite over both.

Bad are, rule by rule, max(failed, dead-lettered + lost), as in obs.slo.sli: AWS does not say
whether a dead-lettered event counts as a failed invocation too. The SLO ledger takes that maximum
minute by minute, an alarm once over its window, which can only be less.

A short window without events says nothing and leaves its alarm as it was: an alert ends because
good events say so. Once the long window is empty too, the composite ends.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.tier import BurnTier
from obs.alerts.explicit_resources import ExplicitRule, rule_globs
from obs.alerts.writers.cloudwatch.alarm import (
    DAY,
    MAX_METRICS,
    AlarmSeries,
    CompositeAlarm,
    Formula,
    Group,
    MetricAlarm,
    Missing,
    Pairs,
)
from obs.alerts.writers.cloudwatch.naming import Namer, Refused, rule_series
from obs.catalogue import aws
from obs.catalogue.query import number
from obs.slo.burn import error_budget, objective_ratio
from obs.spec.globs import is_plain, matches
from obs.spec.quantity import parse_duration
from obs.spec.slos import Slo
from obs.spec.watched import BusRules

_METRICS: Final = (
    ("invoked", aws.INVOCATIONS),
    ("failed", aws.FAILED_INVOCATIONS),
    ("dead", aws.DEAD_LETTERED),
    ("lost", aws.DEAD_LETTER_FAILURES),
)
_PERCENT: Final = "100 * bad / total"
_DIGITS: Final = 9


def on_slos(namer: Namer, tier: BurnTier) -> Iterator[Group | Refused]:
    """A composite with its two windows for each SLO that the tier is about."""
    for slo in namer.system.slos:
        of_period = tier.period in ("", slo.window_label)
        if of_period and namer.chooses(_labels(slo)):
            yield from _on_slo(namer, tier, slo)


def _labels(slo: Slo) -> Labels:
    return (("slo", slo.name), ("slo_service", slo.service))


def _on_slo(namer: Namer, tier: BurnTier, slo: Slo) -> Iterator[Group | Refused]:
    sli, invocations = slo.sli.measured, slo.sli.measured.invocations()
    if invocations is None:
        yield namer.refused(
            f"SLO {slo.name} has an SLI that CloudWatch does not measure: {sli.in_words()}"
        )
        return
    if slo.maintenance or namer.system.maintenance:
        yield namer.refused(
            f"SLO {slo.name} has maintenance windows, and an alarm counts what fails in them"
        )
        return
    if sli.each or slo.slices:
        what = f"has a budget for each {sli.each}" if sli.each else "counts time slices"
        yield namer.refused(f"SLO {slo.name} {what}, which CloudWatch cannot evaluate")
        return
    percent = _threshold(tier.factor, slo.objective)
    if sli.source != namer.aws or percent >= 100:  # of the other source; can never be reached
        return
    if _seconds(tier.long) > DAY:
        yield namer.refused(
            f"over {tier.long} and {tier.short}: CloudWatch evaluates an alarm over more than a "
            "day once an hour, too rarely for the short window"
        )
        return
    rules = _rules(namer, invocations)
    if not rules:
        yield namer.refused(f"SLO {slo.name} covers rules that the spec names only by globs")
    elif len(rules) * len(_METRICS) > MAX_METRICS:
        yield namer.refused(
            f"SLO {slo.name} has {len(rules)} rules; metric math in an alarm reads at most "
            f"{MAX_METRICS} metrics, and a rule needs {len(_METRICS)}"
        )
    else:
        yield _pair(namer, tier, slo, rules, percent)


def _rules(namer: Namer, named: BusRules) -> tuple[ExplicitRule, ...]:
    """The SLO's rules; none where a glob leaves open which they are."""
    open_ended = not all(map(is_plain, named.rules)) and rule_globs(namer.system, namer.aws)
    if open_ended:
        return ()
    return tuple(
        rule for rule in namer.rules if rule.bus == named.bus and matches(rule.rule, named.rules)
    )


_seconds: Final = lru_cache(parse_duration)


def _threshold(factor: float, objective: float) -> float:
    """Percent of bad events at which the budget burns `factor` times as fast as it may."""
    return round(100 * factor * error_budget(objective_ratio(objective)), _DIGITS)


def _pair(
    namer: Namer, tier: BurnTier, slo: Slo, rules: tuple[ExplicitRule, ...], percent: float
) -> Group:
    def over(length: str, which: str, rate: str, missing: Missing) -> MetricAlarm:
        return MetricAlarm(
            namer.name(slo.service, slo.name, tier.long, which),
            namer.description(f"SLO {slo.name}: its window of {length}, for the composite alarm."),
            _error_percent(rules, rate),
            "GreaterThanThreshold",
            percent,
            round(_seconds(length)),
            1,
            missing,
            namer.tags,
        )

    enough = f"bad >= {number(tier.min_bad_events)}"
    long = over(tier.long, "long", f"IF({enough}, {_PERCENT}, 0)", "notBreaching")
    short = over(tier.short, "short", f"IF(total > 0, {_PERCENT}, invoked1)", "ignore")
    both = CompositeAlarm(
        namer.name(slo.service, slo.name, tier.long),
        namer.description(
            f"SLO {slo.name} of {slo.service}: more than {number(percent)} % of events are bad.",
            _labels(slo),
        ),
        (long.name, short.name),
        "AND",
        namer.tags,
        namer.topics,
    )
    return (long, short, both)


@lru_cache(4096)
def _error_percent(rules: tuple[ExplicitRule, ...], rate: str) -> Formula:
    """Remembered, as all tiers of an SLO read the same.

    Without events no rule has a data point: `invoked1`, unlike the sums, is missing then.
    """
    inputs: list[tuple[str, AlarmSeries]] = []
    steps: list[tuple[str, str]] = []
    for place, rule in enumerate(rules, 1):
        inputs += [(f"{key}{place}", rule_series(metric, rule)) for key, metric in _METRICS]
        steps += _steps_of_rule(place)
    places = range(1, len(rules) + 1)
    steps += [
        ("bad", _sum([f"bad{place}" for place in places])),
        ("total", _sum([f"total{place}" for place in places])),
        ("rate", rate),
    ]
    return Formula(tuple(inputs), tuple(steps), "Bad events, percent")


def _steps_of_rule(place: int) -> Pairs:
    """A failure may be reported in a later period than its invocation: total is at least bad."""
    dead = f"FILL(dead{place}, 0) + FILL(lost{place}, 0)"
    return (
        (f"bad{place}", f"MAX([FILL(failed{place}, 0), {dead}])"),
        (f"total{place}", f"MAX([FILL(invoked{place}, 0), bad{place}])"),
    )


def _sum(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"SUM([{', '.join(keys)}])"
