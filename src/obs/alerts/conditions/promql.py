"""Pieces of PromQL that conditions share.

An alert that fires goes on firing when its source falls silent: the last known value is held for
`keep_firing` while the source is not up, and only where the alert was firing already (ALERTS). So
recovery ends an alert at once, which Prometheus' own keep_firing_for would delay each time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from obs.alerts.conditions.scope import Labels, RuleScope
from obs.catalogue import own, slo
from obs.catalogue.growth import growth, recalled_growth
from obs.catalogue.metric import Metric
from obs.catalogue.query import (
    Matcher,
    equal,
    max_by,
    one_by,
    over_time,
    renamed,
    selector,
)
from obs.spec.sources import SOURCE_KINDS

MINUTE: Final = 60
HOUR: Final = 3600

OneValue = Callable[[Sequence[str], str], str]
"""How one value is made of those that collectors export: by the labels of an object."""


def held_while_silent(rule: RuleScope, condition: Callable[[float], str], seen: str = "") -> str:
    """The PromQL of a rule, a line for each of its parts.

    `condition` gives the condition on present values (0), or on the last of so many seconds. `seen`
    is what ends the holding of the last ones; usually that the objects' source is up.
    """
    if not rule.keep_firing:
        return condition(0)
    held = condition(rule.keep_firing)
    parts = (held, f"and {already_firing(rule)}", seen or unless_seen(rule))
    return "\n".join((condition(0), "or (", *(indented(part) for part in parts), ")"))


def already_firing(rule: RuleScope) -> str:
    """The objects for which the rule itself fires."""
    own_labels = (("alertname", rule.name), ("alertstate", "firing"), *rule.labels)
    return max_by(rule.identity, of_system(rule, "ALERTS", equal(own_labels)))


def of_system(
    rule: RuleScope, metric: str | Metric, where: Sequence[Matcher] = (), window: float = 0
) -> str:
    """The series of the rule's own system that match: others may share its Prometheus.

    Every series that a rule reads is written here. Those of other exporters are chosen by what the
    spec says of them.
    """
    if isinstance(metric, Metric) and metric.foreign:
        return selector(metric, (*where, *rule.selecting), window)
    return selector(metric, (*where, *equal(rule.system)), window)


def of_object(
    rule: RuleScope,
    metric: Metric,
    labels: Sequence[str],
    where: Sequence[Matcher] = (),
    window: float = 0,
) -> str:
    """The same as a format for `printf`, with the values of an object's labels to fill in."""
    series = of_system(rule, metric, where, window).replace("%", "%%")
    return series.replace("{", "{" + "".join(f"{label}=%q," for label in labels), 1)


def scoped(
    rule: RuleScope,
    series: Callable[[Sequence[Matcher]], str],
    *,
    one_value: OneValue = max_by,
) -> str:
    """One value for each object of the rule; those with rules of their own left out."""
    whole = one_value(rule.identity, series((*equal(rule.only), *rule.among)))
    if not rule.without:
        return whole
    others = [max_by(rule.identity, series(equal(labels))) for labels in rule.without]
    return f"({' unless '.join((whole, *others))})"


def present(
    rule: RuleScope, metric: Metric, held: float = 0, where: Labels = (), *, narrowed: bool = True
) -> str:
    """A gauge's present value, or the last of `held` seconds. A limit need not be narrowed."""

    def series(matchers: Sequence[Matcher]) -> str:
        return _last(rule, metric, (*matchers, *equal(where)), held)

    if not narrowed:
        return one_by(metric, rule.identity, series(()))
    return scoped(rule, series, one_value=partial(one_by, metric))


def grown(
    rule: RuleScope,
    metric: Metric,
    window: float,
    where: Labels = (),
    *,
    function: str = "",
    held: float = 0,
    threshold: float = 1,
) -> str:
    """A counter's growth in the window, or its greatest or least of the last `held` seconds.

    In parentheses. Objects with rules of their own are left out. `threshold`: of events, with
    which it is compared.
    """
    matchers = (*equal(rule.only), *rule.among, *equal(where), *equal(rule.system))
    if held:
        known = recalled_growth(metric, rule.identity, matchers, window)
        step = recall_step(window, threshold)
        counted = over_time(function, known, held, step) if function else f"({known})"
    else:
        counted = f"(\n{indented(growth(metric, rule.identity, matchers, window))}\n)"
    if not rule.without:
        return counted
    others = (
        max_by(rule.identity, _last(rule, metric, (*equal(labels), *equal(where)), held))
        for labels in rule.without
    )
    return f"({' unless '.join((counted, *others))})"


def recall_step(window: float, threshold: float = 1) -> int:
    """Seconds between moments at which growth is recalled.

    One event is within the window of one of them; many that come one by one need more of them.
    """
    if threshold < 1:
        return int(min(window, 15 * MINUTE))
    return max(MINUTE, int(window / 5) // MINUTE * MINUTE)


def age_at_scrape(rule: RuleScope, moment: Metric, where: Sequence[Matcher]) -> str:
    """How long ago a moment was when it was scraped.

    The time of an evaluation is up to a scrape interval later, by which all would look older.
    """
    series = of_system(rule, moment, where)
    return f"timestamp({series}) - {series}"


def while_source_up(rule: RuleScope) -> str:
    """Only while the objects' source is up."""
    return f"and on ({_source_label(rule)}) {_sources_up(rule)}"


def unless_seen(rule: RuleScope) -> str:
    """What ends the holding of a last known value: the object can be seen again, or is gone.

    While the source is up but some of its objects are withdrawn, or a shard is silent, it is
    unknown which of them are gone.
    """
    if slo.OBJECT in rule.identity:  # those of a source that answers, and no others, are there
        return f"unless on ({', '.join(slo.SLO)}) {all_objects_told(rule)}"
    if rule.identity == slo.SLO:
        return f"unless {max_by(rule.identity, of_system(rule, slo.OBJECTIVE))}"
    withdrawn = f"{max_by(own.SOURCE, of_system(rule, own.SOURCE_WITHDRAWN))} > 0"
    unknown = f" unless {withdrawn} unless on () ({_silent_shards(rule)})"
    return f"unless on ({_source_label(rule)}) {_sources_up(rule, unknown)}"


def all_objects_told(rule: RuleScope) -> str:
    """The SLOs of whose objects the collector tells all that there are.

    Each shard exports only its own objects: while one is absent or cannot poll, it is unknown
    which of its objects are gone.
    """
    there = max_by(slo.SLO, of_system(rule, slo.OBJECTS))
    return f"({there} unless on () ({_silent_shards(rule)}))"


def _silent_shards(rule: RuleScope) -> str:
    """Something, where a shard of the system is absent or cannot poll."""
    known = f"count(count by (shard) ({of_system(rule, own.SHARD_INFO)}))"
    absent = f"max({of_system(rule, own.SHARDS)}) > {known}"
    down = f"{max_by(own.SHARD_SOURCE, of_system(rule, own.SHARD_SOURCE_UP))} == 0"
    return f"{absent} or {down}"


def _sources_up(rule: RuleScope, narrowed: str = "") -> str:
    up = f"{max_by(own.SOURCE, of_system(rule, own.SOURCE_UP))} == 1{narrowed}"
    return renamed(up, own.SOURCE[0], _source_label(rule))


def _source_label(rule: RuleScope) -> str:
    """The label of the objects that names their source."""
    return next(label for label in rule.identity if label in SOURCE_KINDS)


def _last(rule: RuleScope, metric: Metric, where: Sequence[Matcher], held: float) -> str:
    """The series now, or their last samples of so many seconds."""
    series = of_system(rule, metric, where, held)
    return f"last_over_time({series})" if held else series


def indented(text: str) -> str:
    """Each line two spaces further in."""
    return "\n".join(f"  {line}" for line in text.splitlines())
