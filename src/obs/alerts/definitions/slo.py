"""Alerts on service level objectives (Google SRE workbook, chapter 5)."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Age, Below, BurnTiers
from obs.catalogue import slo
from obs.slo.tiers import MIN_BAD_EVENTS

ALERTS: Final = (
    Alert(
        "SloBudgetBurnsFast",
        Severity.CRITICAL,
        About.SLO,
        BurnTiers("page", MIN_BAD_EVENTS),
        0,
        "An SLO's error budget is burning fast: act now.",
        "SLO {slo} of service {slo_service} has a burn rate of {value} over {window} (threshold "
        "{threshold}). Time until the error budget is exhausted at this rate: {exhaustion}.",
        "Of an SLO over 30 days, 2 % of the error budget in one hour, or 5 % in six; of a shorter "
        "one about as much in the same part of its window. Good events in the short window resolve "
        "the alert soon after the cause is fixed; that there are no events does not.",
        "slo_detail/burn_rate",
    ),
    Alert(
        "SloBudgetBurnsSlowly",
        Severity.WARNING,
        About.SLO,
        BurnTiers("ticket", MIN_BAD_EVENTS),
        0,
        "An SLO's error budget is burning too fast to last the period.",
        "SLO {slo} of service {slo_service} has a burn rate of {value} over {window} (threshold "
        "{threshold}). Time until the error budget is exhausted at this rate: {exhaustion}.",
        "Of an SLO over 30 days, 10 % of the error budget in one day, or in three; of a shorter "
        "one about as much in the same part of its window. Not urgent, but the budget will not "
        "last.",
        "slo_detail/burn_rate",
    ),
    Alert(
        "SloBudgetExhausted",
        Severity.WARNING,
        About.SLO,
        Below(slo.BUDGET_REMAINING, 0, "ratio"),
        5 * MINUTE,
        "An SLO's error budget is exhausted.",
        "The error budget of SLO {slo} of service {slo_service} is exhausted (remaining: {value}, "
        "threshold {threshold}).",
        "Below 0 % the objective is missed in the SLO's window.",
        "slo_detail/budget",
    ),
    Alert(
        "SloNoData",
        Severity.WARNING,
        About.SLO,
        Age(slo.WATERMARK, 15 * MINUTE),
        5 * MINUTE,
        "An SLO has no recent data, so its alerts cannot fire.",
        "The latest data of SLO {slo} of service {slo_service} is {value} old (threshold "
        "{threshold}).",
        "CloudWatch data is about two minutes late; 15 minutes mean a fault.",
        "slo_detail/watermark",
        keep_firing=0,
    ),
)
