"""The alerts of one system: definitions as its spec tunes them, and what is wrong with that."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Final

from obs.alerts.alert import MINUTE, OWN, About, Alert, Severity, TunedAlert
from obs.alerts.causes import inhibit_problems
from obs.alerts.conditions.condition import TUNING_FIELDS
from obs.alerts.conditions.scope import Labels
from obs.alerts.definitions import BY_NAME, ONLY_WITH, SOURCE_KIND, alerts_of, selecting_of
from obs.alerts.slo_parts import slo_parts
from obs.catalogue import slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import number
from obs.sources.kinds import BY_KEY
from obs.spec.alerts import OBJECT_LABELS, AlertTuning, Limit, Override, Tuned
from obs.spec.load import Spec
from obs.spec.packs import pack_names, shown
from obs.spec.quantity import format_duration
from obs.spec.report import InvalidSpec, Problem, did_you_mean, problem_at
from obs.spec.system import System
from obs.spec.tree import Fields, Path, child, locate_key

_TAKEN: Final = frozenset(
    ("alertname", "alertstate", "severity", "system", "environment", "tier", "slo_window", OWN[0])
)


_LISTED: Final = "; see `obs alerts list`"


def tuned_alerts(system: System) -> tuple[TunedAlert, ...]:
    """Every alert that rules evaluate from the system's series, general ones before those of
    single objects.
    """
    exported = system.exported
    return tuple(
        tuned
        for tuned in alarmed(system)
        if all(metric in exported for metric in tuned.when.metrics())
    )


def alarmed(system: System) -> tuple[TunedAlert, ...]:
    """Every alert that applies to the system, also where its series are not exported.

    CloudWatch alarms read what AWS publishes itself, and what obs publishes there.
    """
    selecting = selecting_of(system)
    return tuple(
        replace(tuned, selecting=selecting.get(alert.name, ()))
        for alert in alerts_of(system).values()
        if _applies(alert, system)
        for tuned in _tuned(alert, system.alerts.get(alert.name, AlertTuning()), system)
    )


def not_built(system: System, *, asked_only: bool = True) -> Iterator[tuple[str, str]]:
    """Alerts that apply and have no rules, and what each reads that is not exported.

    `asked_only`: those that the spec itself leaves out, and not those on request.
    """
    excluded = system.exported.excluded
    for alert in alerts_of(system).values():
        lacking = _lacking(alert, system)
        asked = any(metric.name in excluded for metric in _read_by(alert, system))
        enabled = system.alerts.get(alert.name, AlertTuning()).enabled
        if lacking and enabled and _applies(alert, system) and (asked or not asked_only):
            yield alert.name, f"it reads {lacking[0]}"


def check_tuning(spec: Spec) -> None:
    """Raises InvalidSpec with everything that is wrong with what the spec says of alerts."""
    if spec.system.packs.own:
        import_module("obs.own_packs.together").check(spec)  # raises what is wrong with packs
    problems = [*_problems(spec), *_slo_labels(spec)]
    problems += [
        problem_at(locate_key(spec.tree, path), why) for path, why in inhibit_problems(spec.system)
    ]
    if problems:
        raise InvalidSpec(problems)


def misnamed(tree: Fields) -> Iterator[Problem]:
    """Unknown names among the tuned alerts of an invalid spec, so that all mistakes are reported
    at once."""
    alerts, packs = tree.fields.get("alerts"), tree.fields.get("packs")
    if not isinstance(alerts, Fields) or (packs and child(packs, "own")):
        return
    for name in alerts.fields:
        if name not in BY_NAME and not _of_unused_pack(name):
            yield _no_alert(tree, name, did_you_mean(name, BY_NAME))


def _no_alert(tree: Fields, name: str, hint: str) -> Problem:
    return problem_at(locate_key(tree, ("alerts", name)), f"no alert of this name{hint or _LISTED}")


def _lacking(alert: Alert, system: System) -> list[str]:
    """What the alert reads that the system does not export, each with the reason."""
    return list(system.exported.lacking(_read_by(alert, system)))


def _read_by(alert: Alert, system: System) -> tuple[Metric, ...]:
    """The metrics that the rules of an alert read; rules of one alert read the same."""
    if metrics := alert.when.metrics():
        return metrics
    first = next(iter(alert.when.of_system(system)), None)
    return first.when.metrics() if first else ()


def _applies(alert: Alert, system: System) -> bool:
    if field := ONLY_WITH.get(alert.name):
        return getattr(system, field) is not None
    if kind := SOURCE_KIND.get(alert.name):
        return bool(system.sources.of(kind)) and not _not_collected(alert, system)
    if alert.about is About.SLO:
        return bool(system.slos)
    # What reads nothing always fires, and what reads another exporter needs no collector.
    return system.has_collector or all(metric.foreign for metric in alert.when.metrics())


def _not_collected(alert: Alert, system: System) -> str:
    """What the alert needs collected and no source names in the spec; empty for nothing."""
    kind = BY_KEY.get(SOURCE_KIND.get(alert.name, ""))
    if kind is None:
        return ""
    sources = system.sources.of(kind.key)
    groups = (kind.not_collected(sources, metric) for metric in alert.when.metrics())
    return next(filter(None, groups), "") if sources else ""


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
    known = tuple((label, value) for label, value in named if value is not None)
    return (*known, *sorted(override.object.items()))


def _expanded(tuned: TunedAlert, system: System) -> Iterator[TunedAlert]:
    """The rules that the alert's condition becomes in the system; one for most conditions."""
    if tuned.alert.about is not About.SLO:
        yield from _rules(tuned, system)
        return
    for part in slo_parts(system):
        if not part.has(tuned.only):
            continue
        labels = {**dict(part.labels), **dict(tuned.labels)}
        of_part = replace(
            tuned,
            labels=tuple(sorted(labels.items())),
            annotations=part.annotations,
            apart=part.apart,
            part=part.name,
        )
        for each in _rules(of_part, part.system):
            known = [pair for pair in each.among if pair[0] not in slo.SLO]
            yield replace(each, among=(*known, *part.among)) if part.among else each


def _rules(tuned: TunedAlert, system: System) -> Iterator[TunedAlert]:
    for rule in tuned.when.of_system(system):
        if rule.only and any(set(other) <= set(rule.only) for other in tuned.without):
            continue  # the object has a rule of its own
        if rule.only and not set(tuned.only) <= set(rule.only):
            continue  # this is another object's rule
        labels = tuple(sorted({**dict(tuned.labels), **dict(rule.labels)}.items()))
        only = rule.only or tuned.only
        yield replace(tuned, when=rule.when, labels=labels, among=rule.among, only=only)


def _problems(spec: Spec) -> Iterator[Problem]:
    known = alerts_of(spec.system)
    for name, tuning in spec.system.alerts.items():
        path: Path = ("alerts", name)
        alert = known.get(name)
        if alert is None:
            hint = did_you_mean(name, known) or _of_unused_pack(name)
            yield _no_alert(spec.tree, name, hint)
            continue
        group = _not_collected(alert, spec.system)
        if group and tuning.enabled:
            message = f"{name} needs {group}, which no source has; add it, or remove the tuning"
            yield problem_at(locate_key(spec.tree, path), message)
        seen: set[Labels] = set()
        findings = list(_unfit(alert, tuning, path))
        if tuning.enabled and (lacking := _lacking(alert, spec.system)):
            findings.append((path, f"{name} reads {lacking[0]}; disable it, or export the metric"))
        for index, override in enumerate(tuning.overrides):
            at = (*path, "overrides", index)
            findings += [*_unfit(alert, override, at), *_unfit_object(alert, override, at, seen)]
            seen.add(_object(override))
        for where, message in findings:
            yield problem_at(locate_key(spec.tree, where), message)


def _slo_labels(spec: Spec) -> Iterator[Problem]:
    """Labels of SLOs that obs or Prometheus sets itself, on their alerts or on slo_info."""
    for index, each in enumerate(spec.system.slos):
        for label in each.labels:
            if why := refused_slo_label(label):
                yield problem_at(locate_key(spec.tree, ("slos", index, "labels", label)), why)


def refused_slo_label(label: str) -> str:
    """Why an SLO cannot be given a label of this name; empty where it can."""
    if label in (*slo.INFO.labels, slo.OBJECT, "window", "job", "instance"):
        return "obs sets this label; choose another name"
    if label in ("team", "owner"):
        return f"write {label}: beside labels"
    alert = next(each for each in BY_NAME.values() if each.about is About.SLO)
    return refused_label(alert, label)


def _of_unused_pack(name: str) -> str:
    """A hint for an alert that a pack of obs would bring."""
    for pack in pack_names():
        alerts = import_module("obs.packs.pack").built_in(pack).alerts
        if any(alert.name == name for alert in alerts):
            return f" in this spec; it is of pack {shown(pack)}: add it to packs"
    return ""


_DECIMALS: Final = 4  # of percent; more of them need counters that floats do not hold exactly

TuningProblem = tuple[Path, str]


def _unfit(alert: Alert, tuning: Tuned, path: Path) -> Iterator[TuningProblem]:
    fits = alert.when.tunable()
    for field in TUNING_FIELDS:
        if getattr(tuning, field) is not None and field not in fits:
            yield (*path, field), f"{alert.name} has no {field}; it has {_listed(fits)}"
    for limit, threshold in (("above", tuning.above), ("below", tuning.below)):
        if threshold is not None and limit in fits:
            for wrong in unfit_threshold(alert, threshold, is_lower=limit == "below"):
                yield (*path, limit), f"{alert.name} {wrong}"
    for time, message in _unfit_times(tuning):
        yield (*path, time), message
    for label in tuning.labels:
        if why := refused_label(alert, label):
            yield (*path, "labels", label), why


def refused_label(alert: Alert, label: str) -> str:
    """Why an alert cannot be given a label of this name; empty where it can."""
    if label in _TAKEN or label in alert.about.labels:
        return "obs sets this label; choose another name"
    if label.startswith("__"):
        return "Prometheus keeps names that begin with __ to itself"
    return ""


def unfit_threshold(alert: Alert, threshold: Limit, *, is_lower: bool) -> Iterator[str]:
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
