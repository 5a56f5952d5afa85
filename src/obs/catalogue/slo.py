"""Metrics of service level objectives."""

from obs.catalogue.declare import counter, gauge, info

PREFIXES = ("slo_",)

SLO = ("slo", "slo_service")
OBJECT = "slo_object"
"""Of an SLO over many objects: the label with the object's name, after all others."""
WINDOWED = (*SLO, "window")

OBJECTIVE = gauge(
    "slo_objective_ratio",
    SLO,
    "Objective: the target share of good events.",
    "ratio",
    title="Objective",
)
EVENTS = counter("slo_events_total", SLO, "Events that count for the SLO.", title="Events")
GOOD_EVENTS = counter("slo_good_events_total", SLO, "Good events.", title="Good events")
ERROR_RATIO = gauge(
    "slo_error_ratio",
    WINDOWED,
    "Share of bad events in the window, of as many as it has once it is full; absent where it has "
    "no events.",
    "ratio",
    title="Share of bad events",
    absent="No events",
)
BURN_RATE = gauge(
    "slo_burn_rate",
    WINDOWED,
    "How fast the error budget is spent; at 1 it lasts exactly the SLO's window.",
    title="Burn rate",
    absent="No events",
)
BAD_EVENTS = gauge(
    "slo_bad_events",
    WINDOWED,
    "Bad events in the window; burn rate alerts require a few, so that a single bad event of a "
    "quiet service does not page.",
    title="Bad events",
)
BUDGET_REMAINING = gauge(
    "slo_error_budget_remaining_ratio",
    SLO,
    "Share of the error budget left in the SLO's window; below 0 when it is overspent. Absent "
    "without events, or where there was one bad event and the whole budget is less than one. Of a "
    "calendar period, the budget is that of the whole period.",
    "ratio",
    title="Error budget left",
    absent="No events, or too few to tell",
    lowest_counts=True,
)
EXHAUSTION = gauge(
    "slo_error_budget_exhaustion_seconds",
    WINDOWED,
    "Time until the error budget is exhausted at the burn rate of this window; +Inf at burn rate "
    "0.",
    "seconds",
    title="Time to exhaustion",
    lowest_counts=True,
)
WATERMARK = gauge(
    "slo_data_watermark_timestamp_seconds",
    SLO,
    "End of the SLO's windows: the source's data is complete up to this time.",
    "seconds",
    title="Age of the data",
)
BUDGET_RESET = gauge(
    "slo_budget_reset_timestamp_seconds",
    SLO,
    "When the SLO's calendar period ends, so that its error budget is whole again; absent for a "
    "rolling window.",
    "seconds",
    title="Budget is whole again",
    absent="Rolling window",
)
IN_MAINTENANCE = gauge(
    "slo_in_maintenance",
    SLO,
    "Whether the SLO's data is in a maintenance window at its end, where events do not count; "
    "absent for an SLO without any.",
    title="In maintenance",
    states=("no", "yes"),
    absent="No maintenance windows",
)
ASKED_SINCE = gauge(
    "slo_asked_since_timestamp_seconds",
    SLO,
    "Time at which the collector began to measure the SLO after it started, whether there is data "
    "or not.",
    "seconds",
)
INFO = info(
    "slo_info",
    (*SLO, "sli", "objective_percent", "slo_window"),
    "SLI, objective and window of the SLO, and the labels, team and owner that the spec gives it; "
    "always 1.",
)
OBJECTS = gauge(
    "slo_objects",
    SLO,
    "Objects that have an error budget of their own, of an SLO over many objects.",
    title="Objects",
    rare=True,
)
OBJECTS_DROPPED = gauge(
    "slo_objects_dropped",
    SLO,
    "Objects beyond max_objects, which have no error budget.",
    title="Objects without a budget",
    rare=True,
)
