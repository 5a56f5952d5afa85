"""Conditions as PromQL.

An alert that fires goes on firing when its source falls silent: the last known value is held for
`keep_firing` while the source is not up, and only where the alert was firing already (ALERTS). So
recovery ends an alert at once, which Prometheus' own keep_firing_for would delay each time.
"""

from collections.abc import Callable, Sequence
from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, TunedAlert
from obs.alerts.condition import (
    Above,
    Absent,
    Age,
    Always,
    Below,
    Burn,
    BurnTiers,
    Equals,
    ErrorRate,
    Increase,
    Labels,
    Overdue,
    Quiet,
    Share,
)
from obs.catalogue import own, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import (
    Matcher,
    duration,
    equal,
    increase,
    max_by,
    min_by,
    number,
    over_time,
    renamed,
    selector,
)

GONE_FOR: Final = 24 * HOUR
"""Seconds for which the age of a moment is told although its series has gone."""


def expression(tuned: TunedAlert) -> str:
    """The PromQL of an alert, a line for each of its parts."""
    now = _condition(tuned, 0)
    if not tuned.alert.keep_firing:
        return now
    own_labels = (("alertname", tuned.name), ("alertstate", "firing"), *tuned.labels)
    firing = selector("ALERTS", equal(own_labels))
    held = _condition(tuned, tuned.alert.keep_firing)
    parts = (held, f"and {max_by(tuned.identity, firing)}", unless_seen(tuned))
    return "\n".join((now, "or (", *(indented(part) for part in parts), ")"))


def _condition(tuned: TunedAlert, held: float) -> str:
    """The condition on present values, or on the last of `held` seconds."""
    match tuned.when:
        case Above(metric, threshold):
            return f"{present(tuned, metric, held)} > {number(threshold)}"
        case Below(metric, threshold):
            return f"{present(tuned, metric, held)} < {number(threshold)}"
        case Equals(metric, value, where):
            return f"{present(tuned, metric, held, where)} == {number(value)}"
        case Share():
            return share(tuned, tuned.when, held, f" > {number(tuned.when.threshold)}")
        case Increase(metric, threshold, window, _, where):
            grown = increased(tuned, metric, window, where, function="max_over_time", held=held)
            return f"{grown} > {number(threshold)}"
        case Quiet():
            return _quiet(tuned, tuned.when, held)
        case ErrorRate():
            return _error_rate(tuned, tuned.when, held)
        case Age(moment, threshold):
            return f"time() - {present(tuned, moment, GONE_FOR)} > {number(threshold)}"
        case Overdue():
            return _overdue(tuned, tuned.when)
        case Burn():
            return _burn(tuned, tuned.when, held)
        case Absent(metric):
            return f"absent({selector(metric)})"
        case Always():
            return "vector(1)"
        case BurnTiers():
            raise ValueError(f"{tuned.name}: tiers are written one by one")


def _scoped(
    tuned: TunedAlert,
    series: Callable[[Sequence[Matcher]], str],
    *,
    one_value: Callable[[Sequence[str], str], str] = max_by,
) -> str:
    """One value for each object the alert is about; those with rules of their own left out."""
    whole = one_value(tuned.identity, series((*equal(tuned.only), *tuned.among)))
    if not tuned.without:
        return whole
    others = [max_by(tuned.identity, series(equal(labels))) for labels in tuned.without]
    return f"({' unless '.join((whole, *others))})"


def present(
    tuned: TunedAlert, metric: Metric, held: float = 0, where: Labels = (), *, narrowed: bool = True
) -> str:
    """A gauge's present value, or the last of `held` seconds. A limit need not be narrowed."""

    def series(matchers: Sequence[Matcher]) -> str:
        every = (*matchers, *equal(where))
        if held:
            return f"last_over_time({selector(metric, every, held)})"
        return selector(metric, every)

    return _scoped(tuned, series) if narrowed else max_by(tuned.identity, series(()))


def share(tuned: TunedAlert, when: Share, held: float = 0, compared: str = "") -> str:
    """A gauge in percent of its limit, now or the last of `held` seconds, and `compared`."""
    limit = present(tuned, when.whole, held, narrowed=False)
    percent = f"100 * {present(tuned, when.part, held)}\n  / {limit}{compared}"
    if when.given is None:
        return percent
    return f"{percent}\nand {present(tuned, when.given, held, narrowed=False)} == 1"


def increased(
    tuned: TunedAlert,
    metric: Metric,
    window: float,
    where: Labels = (),
    *,
    function: str = "",
    held: float = 0,
) -> str:
    """A counter's increase now, or its greatest or least of the last `held` seconds."""

    def series(matchers: Sequence[Matcher]) -> str:
        grown = increase(metric, (*matchers, *equal(where)), window)
        return over_time(function, grown, held, MINUTE) if held else grown

    return _scoped(tuned, series)


def _quiet(tuned: TunedAlert, when: Quiet, held: float) -> str:
    grown = increased(tuned, when.metric, when.window, function="min_over_time", held=held)
    below = f"{grown} < {number(when.threshold)}"
    return below if held else f"{below}\n{watched(tuned, when)}"


def watched(tuned: TunedAlert, when: Quiet) -> str:
    """Only what was watched a window ago already, and while the source answers."""
    before = f"{selector(when.metric, (), when.window)} offset {duration(when.window)}"
    known = max_by(tuned.identity, f"last_over_time({before})")
    return f"and {known}\n{answering(tuned)}"


def answering(tuned: TunedAlert) -> str:
    """Only while the source answers."""
    return f"and on ({_source_label(tuned)}) {_sources_up(tuned)}"


def _error_rate(tuned: TunedAlert, when: ErrorRate, held: float) -> str:
    bad = increased(tuned, when.bad, when.window, function="", held=0)
    total = max_by(tuned.identity, increase(when.total, (), when.window))
    percent = f"100 * {bad}\n  / ({total} >= {number(when.minimum)})"
    if held:
        percent = over_time("max_over_time", percent, held, MINUTE)
    return f"{percent} > {number(when.threshold)}"


def _overdue(tuned: TunedAlert, when: Overdue) -> str:
    moment = present(tuned, when.moment)
    since = _scoped(tuned, lambda matchers: selector(when.since, matchers), one_value=min_by)
    limit = present(tuned, when.limit, narrowed=False)
    return f"time() - ({moment} or {since})\n  > {number(when.percent / 100)} * {limit}"


def _burn(tuned: TunedAlert, when: Burn, held: float) -> str:
    def over(metric: Metric, window: str) -> str:
        return present(tuned, metric, held, (("window", window),))

    lines = [
        f"{over(when.burn, when.long)} > {number(when.factor)}",
        f"and {over(when.burn, when.short)} > {number(when.factor)}",
        f"and {over(when.bad, when.long)} >= {number(when.min_bad_events)}",
    ]
    if when.period:
        period = present(tuned, slo.INFO, held, (("slo_window", when.period),), narrowed=False)
        lines.append(f"and {period}")
    return "\n".join(lines)


def unless_seen(tuned: TunedAlert) -> str:
    """What ends the holding of a last known value: the object can be seen again, or is gone."""
    if tuned.alert.about is About.SLO:
        return f"unless {max_by(tuned.identity, selector(slo.OBJECTIVE))}"
    return f"unless on ({_source_label(tuned)}) {_sources_up(tuned)}"


def _sources_up(tuned: TunedAlert) -> str:
    up = f"{max_by(own.SOURCE, selector(own.SOURCE_UP))} == 1"
    return renamed(up, own.SOURCE[0], _source_label(tuned))


def _source_label(tuned: TunedAlert) -> str:
    return tuned.alert.about.source_label


def indented(text: str) -> str:
    """Each line two spaces further in."""
    return "\n".join(f"  {line}" for line in text.splitlines())
