"""The object that the tests of an alert are about."""

import re

from obs.alerts.alert import About, TunedAlert
from obs.alerts.conditions.scope import Labels
from obs.alerts.rule_tests.chosen import EXAMPLES, chosen
from obs.spec.system import System


def object_of(tuned: TunedAlert, system: System) -> Labels | None:
    """An object that this rule is about; None where there cannot be one."""
    if tuned.alert.about is About.SLO:
        return _slo(tuned, system)
    fixed = {**chosen(tuned), **dict(tuned.only)}
    found = tuple(
        (label, fixed.get(label, EXAMPLES.get(label, "source")))
        for label in tuned.alert.about.labels
    )
    return None if _left_out(found, tuned) else found


def _slo(tuned: TunedAlert, system: System) -> Labels | None:
    tier = tuned.when.tier()
    period = tier.period if tier else ""
    for each in system.slos:
        labels: Labels = (("slo", each.name), ("slo_service", each.service))
        labels = (*labels, *((label, "object") for label in tuned.apart))
        if not _is_among(labels, tuned) or bool(tuned.apart) != bool(each.sli.measured.each):
            continue
        if period and each.window_label != period:
            continue
        if set(tuned.only) <= set(labels) and not _left_out(labels, tuned):
            return labels
    return None


def _is_among(labels: Labels, tuned: TunedAlert) -> bool:
    known = dict(labels)
    return all(
        re.fullmatch(re.escape(text) if compared == "=" else text, known[label])
        for label, compared, text in tuned.among
        if label in known
    )


def _left_out(labels: Labels, tuned: TunedAlert) -> bool:
    return any(set(other) <= set(labels) for other in tuned.without)
