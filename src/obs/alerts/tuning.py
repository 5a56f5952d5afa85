"""The alerts of one system: definitions as its spec tunes them, and what is wrong with that."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from obs.alerts.alert import MINUTE, OWN, About, Alert, Severity, TunedAlert
from obs.alerts.conditions.condition import TUNING_FIELDS
from obs.alerts.conditions.scope import Labels
from obs.alerts.definitions import BY_NAME, SOURCE_KIND
from obs.catalogue.query import number
from obs.spec.alerts import OBJECT_LABELS, AlertTuning, Limit, Override, Tuned
from obs.spec.load import Spec
from obs.spec.quantity import format_duration
from obs.spec.report import InvalidSpec, Problem, did_you_mean, problem_at
from obs.spec.system import System
from obs.spec.tree import Path, locate_key

_TAKEN: Final = frozenset(
    ("alertname", "alertstate", "severity", "system", "environment", "tier", "slo_window", OWN[0])
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
    general = _apply(
        TunedAlert(alert, alert.severity, alert.when, alert.hold, system.labels), tuning
    )
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
        when=tuned.when.tuned(tuning),
        hold=tuned.hold if tuning.hold is None else tuning.hold,
        labels=tuple(sorted({**dict(tuned.labels), **tuning.labels}.items())),
    )


def _object(override: Override) -> Labels:
    named = ((label, getattr(override, label)) for label in OBJECT_LABELS)
    return tuple((label, value) for label, value in named if value is not None)


def _expanded(tuned: TunedAlert, system: System) -> Iterator[TunedAlert]:
    """The rules that the alert's condition becomes in the system; one for most conditions."""
    for rule in tuned.when.of_system(system):
        if rule.only and any(set(other) <= set(rule.only) for other in tuned.without):
            continue  # the object has a rule of its own
        if rule.only and not set(tuned.only) <= set(rule.only):
            continue  # this is another object's rule
        labels = tuple(sorted({**dict(tuned.labels), **dict(rule.labels)}.items()))
        only = rule.only or tuned.only
        yield replace(tuned, when=rule.when, labels=labels, among=rule.among, only=only)


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


_DECIMALS: Final = 4  # of percent; more of them need counters that floats do not hold exactly

TuningProblem = tuple[Path, str]


def _unfit(alert: Alert, tuning: Tuned, path: Path) -> Iterator[TuningProblem]:
    fits = alert.when.tunable()
    for field in TUNING_FIELDS:
        if getattr(tuning, field) is not None and field not in fits:
            yield (*path, field), f"{alert.name} has no {field}; it has {_listed(fits)}"
    for limit, threshold in (("above", tuning.above), ("below", tuning.below)):
        if threshold is not None and limit in fits:
            for wrong in _unfit_threshold(alert, threshold, is_lower=limit == "below"):
                yield (*path, limit), f"{alert.name} {wrong}"
    for time, message in _unfit_times(tuning):
        yield (*path, time), message
    for label in tuning.labels:
        if label in _TAKEN or label in alert.about.labels:
            yield (*path, "labels", label), "obs sets this label; choose another name"
        elif label.startswith("__"):
            yield (*path, "labels", label), "Prometheus keeps names that begin with __ to itself"


def _unfit_threshold(alert: Alert, threshold: Limit, *, is_lower: bool) -> Iterator[str]:
    """What is wrong with a threshold: its unit, or that it could never fire or always would."""
    when, value = alert.when, threshold.value
    limit = when.panel_limit()
    unit = limit.unit if limit else ""
    is_time, most = unit == "seconds", when.most()
    if threshold.is_duration != is_time:
        what = "a time; write a duration, for example 5m"
        yield f"compares {what if is_time else f'{_named(unit)}; write a number without a unit'}"
    elif is_lower and value <= 0:
        yield f"never fires below {number(value)}: {_named(unit)} are never less; write more"
    elif value < 0:
        yield f"always fires above {number(value)}: {_named(unit)} are never less; write 0 or more"
    elif value >= most:
        bound = format_duration(most) if is_time else f"{number(most)} {unit}".rstrip()
        yield f"never fires, or not exactly, above {number(value)}; write less than {bound}"
    elif unit == "percent" and value != round(value, _DECIMALS):
        yield f"compares percent; write at most {_DECIMALS} decimals"


def _unfit_times(tuning: Tuned) -> Iterator[tuple[str, str]]:
    """What a rule, an alarm or their tests cannot express; by field."""
    window, hold = tuning.window, tuning.hold
    if window is not None and window % MINUTE:
        yield "window", "is not whole minutes, by which CloudWatch counts; write for example 5m"
    if hold is not None and hold % 1:
        yield "for", "is not whole seconds; write for example 30s"


def _named(unit: str) -> str:
    return unit or "a number"


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


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "no tunable threshold"
