"""Alerts on service level objectives (Google SRE workbook, chapter 5)."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.condition import Age, Below, BurnTiers
from obs.catalogue import slo
from obs.slo.tiers import MIN_BAD_EVENTS

ALERTS: Final = (
    Alert(
        "SloBudgetBurnsFast",
        Severity.CRITICAL,
        About.SLO,
        BurnTiers("page", MIN_BAD_EVENTS),
        0,
        "An error budget burns so fast that somebody has to act now.",
        "SLO {slo} of {slo_service} burns its budget at {value} times the sustainable rate over "
        "{window}; at this rate it is spent in {exhaustion}.",
        "2 % of a period's budget in an hour, or 5 % in six. The short window ends the alert soon "
        "after the cause.",
        "slo_detail/burn_rate",
    ),
    Alert(
        "SloBudgetBurnsSlowly",
        Severity.WARNING,
        About.SLO,
        BurnTiers("ticket", MIN_BAD_EVENTS),
        0,
        "An error budget burns faster than it can last.",
        "SLO {slo} of {slo_service} burns its budget at {value} times the sustainable rate over "
        "{window}; at this rate it is spent in {exhaustion}.",
        "10 % of a period's budget in a day, or in three: no emergency, but it will not last.",
        "slo_detail/burn_rate",
    ),
    Alert(
        "SloBudgetExhausted",
        Severity.WARNING,
        About.SLO,
        Below(slo.BUDGET_REMAINING, 0, "ratio"),
        5 * MINUTE,
        "An error budget is spent: the promise is broken.",
        "SLO {slo} of {slo_service} has no error budget left; {value} of it remains.",
        "Below 0 more has failed in the SLO's window than was promised.",
        "slo_detail/budget",
    ),
    Alert(
        "SloNoData",
        Severity.WARNING,
        About.SLO,
        Age(slo.WATERMARK, 15 * MINUTE),
        5 * MINUTE,
        "Nothing is known about an SLO, so none of its alerts can fire.",
        "The data of SLO {slo} of {slo_service} ended {value} ago.",
        "CloudWatch is about two minutes late; fifteen are a fault.",
        "slo_detail/watermark",
        keep_firing=0,
    ),
)
