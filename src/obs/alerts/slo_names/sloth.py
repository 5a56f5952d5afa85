"""What sloth's rules record."""

from collections.abc import Iterator
from typing import Final

from obs.alerts.slo_names.subject import RecordingRule, Subject, length, rule
from obs.catalogue import slo as metrics
from obs.catalogue.query import number
from obs.slo.windows import DAY

RATIO: Final = "slo:sli_error:ratio_rate"
"""And the window."""
NAMES: Final = (
    *("slo:objective:ratio", "slo:error_budget:ratio", "slo:time_period:days"),
    *("slo:current_burn_rate:ratio", "slo:period_burn_rate:ratio"),
    *("slo:period_error_budget_remaining:ratio", "sloth_slo_info"),
)
_SPEC: Final = "prometheus/v1"


def rules(of: Subject) -> Iterator[RecordingRule]:
    """An SLO under sloth's names and labels."""
    labels = {
        **dict(of.slo.info_labels),
        "sloth_id": f"{of.slo.service}-{of.slo.name}",
        "sloth_service": of.slo.service,
        "sloth_slo": of.slo.name,
    }
    for span, ratio in of.error_ratios():
        told = length(span.seconds)
        yield rule(f"{RATIO}{told}", ratio, {**labels, "sloth_window": told})
    values = (
        f"vector({of.objective})",
        f"vector({of.budget})",
        f"vector({number(of.period.seconds / DAY)})",
        of.value(metrics.BURN_RATE, window="5m"),
        of.value(metrics.BURN_RATE, window=of.period.label),
        of.value(metrics.BUDGET_REMAINING),
    )
    for name, value in zip(NAMES, values, strict=False):
        yield rule(name, value, labels)
    facts = {
        "sloth_mode": "obs",
        "sloth_objective": number(of.slo.objective),
        "sloth_spec": _SPEC,
        "sloth_version": "obs",
    }
    yield rule(NAMES[-1], "vector(1)", {**labels, **facts})
