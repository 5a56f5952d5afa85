"""Metrics of service level objectives."""

from obs.catalogue.metric import Metric, counter, gauge, info

SLO = ("slo", "slo_service")
WINDOWED = (*SLO, "window")

OBJECTIVE = gauge("slo_objective_ratio", SLO, "Share of good events promised.", "ratio")
EVENTS = counter("slo_events_total", SLO, "Events that count for the objective.")
GOOD_EVENTS = counter("slo_good_events_total", SLO, "Events that were good.")
ERROR_RATIO = gauge(
    "slo_error_ratio",
    WINDOWED,
    "Share of bad events in the window; absent where the window has no events.",
    "ratio",
)
BURN_RATE = gauge(
    "slo_burn_rate",
    WINDOWED,
    "How fast the error budget is spent; 1 lasts exactly the SLO's window.",
)
BAD_EVENTS = gauge(
    "slo_bad_events",
    WINDOWED,
    "Bad events in the window, which alerts ask for so that one of a quiet service never pages.",
)
BUDGET_REMAINING = gauge(
    "slo_error_budget_remaining_ratio",
    SLO,
    "Share of the error budget left; below 0 when more than all is spent.",
    "ratio",
)
EXHAUSTION = gauge(
    "slo_error_budget_exhaustion_seconds",
    WINDOWED,
    "Time until the budget is spent at the burn rate of this window; +Inf at burn rate 0.",
    "seconds",
)
WATERMARK = gauge(
    "slo_data_watermark_timestamp_seconds",
    SLO,
    "End of the windows: up to here the source's data is settled.",
    "seconds",
)
INFO = info("slo_info", (*SLO, "sli", "objective_percent", "slo_window"), "What the objective is.")

ALL: tuple[Metric, ...] = (
    OBJECTIVE,
    EVENTS,
    GOOD_EVENTS,
    ERROR_RATIO,
    BURN_RATE,
    BAD_EVENTS,
    BUDGET_REMAINING,
    EXHAUSTION,
    WATERMARK,
    INFO,
)
