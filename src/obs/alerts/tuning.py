"""The alerts of one system: definitions as its spec tunes them, and what is wrong with that."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from obs.alerts.alert import About, Alert, Severity, TunedAlert
from obs.alerts.condition import (
    Above,
    Age,
    Below,
    Burn,
    BurnTiers,
    Condition,
    ErrorRate,
    Increase,
    Labels,
    Quiet,
    Share,
)
from obs.alerts.definitions import BY_NAME, SOURCE_KIND
from obs.catalogue import slo
from obs.slo.burn import objective_ratio
from obs.slo.tiers import Tier, tiers
from obs.slo.windows import window
from obs.spec.alerts import OBJECT_LABELS, AlertTuning, Override, Tuned
from obs.spec.load import Spec
from obs.spec.report import InvalidSpec, Problem, did_you_mean, problem_at
from obs.spec.system import System
from obs.spec.tree import Path, locate_key

_TAKEN: Final = frozenset(
    ("alertname", "alertstate", "severity", "system", "environment", "tier", "slo_window")
)


def tuned_alerts(system: System) -> tuple[TunedAlert, ...]:
    """Every alert that applies to the system, general ones before those of single objects."""
    return tuple(
        tuned
        for alert in BY_NAME.values()
        if _applies(alert, system)
        for tuned in _tuned(alert, system.alerts.get(alert.name, AlertTuning()), system)
    )


def check_tuning(spec: Spec) -> None:
    """Raises InvalidSpec with everything that is wrong with the spec's `alerts`."""
    problems = list(_problems(spec))
    if problems:
        raise InvalidSpec(problems)


def _applies(alert: Alert, system: System) -> bool:
    if kind := SOURCE_KIND.get(alert.name):
        return bool(system.sources.of(kind))
    if alert.about is About.SLO:
        return bool(system.slos)
    return True


def _tuned(alert: Alert, tuning: AlertTuning, system: System) -> Iterator[TunedAlert]:
    general = _apply(TunedAlert(alert, alert.severity, alert.when, alert.hold), tuning)
    objects = {_object(override): override for override in tuning.overrides}
    if tuning.enabled:
        yield from _expanded(replace(general, without=tuple(objects)), system)
    for labels, override in objects.items():
        narrower = tuple(other for other in objects if set(other) > set(labels))
        if override.enabled:
            own = replace(general, only=labels, without=narrower)
            yield from _expanded(_apply(own, override), system)


def _apply(tuned: TunedAlert, tuning: Tuned) -> TunedAlert:
    return replace(
        tuned,
        severity=Severity(tuning.severity) if tuning.severity else tuned.severity,
        when=_condition(tuned.when, tuning),
        hold=tuned.hold if tuning.hold is None else tuning.hold,
        labels=tuple(sorted({**dict(tuned.labels), **tuning.labels}.items())),
    )


def _condition(when: Condition, tuning: Tuned) -> Condition:
    """The condition with what the tuning changes; what does not fit it is left alone."""
    match when:
        case Above() | Share() | Age() if tuning.above is not None:
            return replace(when, threshold=tuning.above.value)
        case Below() if tuning.below is not None:
            return replace(when, threshold=tuning.below.value)
        case Increase():
            above = when.threshold if tuning.above is None else tuning.above.value
            return replace(when, threshold=above, window=tuning.window or when.window)
        case Quiet():
            below = when.threshold if tuning.below is None else tuning.below.value
            return replace(when, threshold=below, window=tuning.window or when.window)
        case ErrorRate():
            above = when.threshold if tuning.above is None else tuning.above.value
            return replace(
                when,
                threshold=above,
                window=tuning.window or when.window,
                minimum=tuning.min_events or when.minimum,
            )
        case BurnTiers():
            return replace(when, min_bad_events=tuning.min_events or when.min_bad_events)
        case _:
            return when


def _object(override: Override) -> Labels:
    named = ((label, getattr(override, label)) for label in OBJECT_LABELS)
    return tuple((label, value) for label, value in named if value is not None)


def _expanded(tuned: TunedAlert, system: System) -> Iterator[TunedAlert]:
    """One alert for each burn-rate tier and period of the spec's SLOs; other alerts as they are."""
    match tuned.when:
        case BurnTiers(severity, min_bad_events):
            for period, tier in _tiers(system, min_bad_events):
                if tier.severity == severity:
                    yield _of_tier(tuned, tier, period)
        case Age():
            # Of an SLO that the spec has no more the data ended long ago, and nobody minds.
            names = sorted({each.name.replace(".", r"\.") for each in system.slos})
            yield replace(tuned, among=(("slo", "=~", "|".join(names)),))
        case _:
            yield tuned


def _tiers(system: System, min_bad_events: int) -> list[tuple[str, Tier]]:
    """The tiers that some SLO of a period can trip. The period is empty where there is only one."""
    periods = {each.window for each in system.slos}
    found: dict[tuple[str, Tier], None] = {}
    for each in sorted(system.slos, key=lambda one: one.window):
        period = window(each.window).label if len(periods) > 1 else ""
        for tier in _kept(each.objective, each.window, min_bad_events):
            found[(period, tier)] = None
    return list(found)


def _kept(objective: float, period: float, min_bad_events: int) -> tuple[Tier, ...]:
    try:
        return tiers(objective_ratio(objective), period, min_bad_events).kept
    except ValueError:  # no burn rate of this objective is ever alarming
        return ()


def _of_tier(tuned: TunedAlert, tier: Tier, period: str) -> TunedAlert:
    long, short = window(tier.long_seconds).label, window(tier.short_seconds).label
    burn = Burn(
        slo.BURN_RATE, slo.BAD_EVENTS, long, short, tier.factor, tier.min_bad_events, period
    )
    told = {"tier": long, **({"slo_window": period} if period else {})}
    return replace(tuned, when=burn, labels=tuple(sorted({**dict(tuned.labels), **told}.items())))


def _problems(spec: Spec) -> Iterator[Problem]:
    for name, tuning in spec.system.alerts.items():
        path: Path = ("alerts", name)
        alert = BY_NAME.get(name)
        if alert is None:
            hint = did_you_mean(name, BY_NAME) or "; see `obs alerts list`"
            yield problem_at(locate_key(spec.tree, path), f"no alert of this name{hint}")
            continue
        seen: set[Labels] = set()
        findings = list(_unfit(alert, tuning, path))
        for index, override in enumerate(tuning.overrides):
            at = (*path, "overrides", index)
            findings += [*_unfit(alert, override, at), *_unfit_object(alert, override, at, seen)]
            seen.add(_object(override))
        for where, message in findings:
            yield problem_at(locate_key(spec.tree, where), message)


TuningProblem = tuple[Path, str]


def _unfit(alert: Alert, tuning: Tuned, path: Path) -> Iterator[TuningProblem]:
    fits = _tunable(alert.when)
    for field in ("above", "below", "window", "min_events"):
        if getattr(tuning, field) is not None and field not in fits:
            yield (*path, field), f"{alert.name} has no {field}; it has {_listed(fits)}"
    is_time = getattr(alert.when, "unit", "") == "seconds"
    for field in ("above", "below"):
        limit = getattr(tuning, field)
        if limit is None or field not in fits or limit.is_duration == is_time:
            continue
        message = "compares a time; write a duration, for example 5m"
        if not is_time:
            message = (
                f"compares {getattr(alert.when, 'unit', 'a number')}; write a number without a unit"
            )
        yield (*path, field), f"{alert.name} {message}"
    for label in tuning.labels:
        if label in _TAKEN or label in alert.about.labels:
            yield (*path, "labels", label), "obs sets this label; choose another name"


def _unfit_object(
    alert: Alert, override: Override, path: Path, seen: Iterable[Labels]
) -> Iterator[TuningProblem]:
    identity, labels = alert.about.labels, _object(override)
    if not identity:
        yield path, f"{alert.name} does not concern single objects, so it cannot have overrides"
    elif not labels:
        yield path, f"selects no {alert.about}; write {_listed(identity)}"
    for label, _ in labels:
        if identity and label not in identity:
            message = f"{alert.name} concerns a {alert.about}, selected by {_listed(identity)}"
            yield (*path, label), message
    if labels and labels in seen:
        yield path, "another override selects the same objects"


def _tunable(when: Condition) -> tuple[str, ...]:
    match when:
        case Above() | Share() | Age():
            return ("above",)
        case Below():
            return ("below",)
        case Increase():
            return ("above", "window")
        case Quiet():
            return ("below", "window")
        case ErrorRate():
            return ("above", "window", "min_events")
        case BurnTiers():
            return ("min_events",)
        case _:
            return ()


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "no tunable threshold"
