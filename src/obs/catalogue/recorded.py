"""Series that Prometheus records from the collector's counters, for those who evaluate there.

Names are `level:metric:operation`, the convention of Prometheus, and none is a name of sloth's,
which may record beside obs. All carry `slo` and `slo_service`; whatever may change during an SLO's
life is on the info series only.
"""

from obs.catalogue.declare import recorded
from obs.catalogue.slo import SLO, WINDOWED

PREFIXES = ("slo:",)

EVENTS = recorded("slo:events:increase5m", SLO, "Events of the last five minutes.")
GOOD_EVENTS = recorded("slo:good_events:increase5m", SLO, "Good events of the last five minutes.")
BURN_RATE = recorded(
    "slo:burn_rate:ratio", WINDOWED, "slo_burn_rate, calculated from recorded event counts."
)
BUDGET_REMAINING = recorded(
    "slo:error_budget_remaining:ratio",
    SLO,
    "slo_error_budget_remaining_ratio, calculated from recorded event counts.",
)
OBJECTIVE = recorded(
    "slo:objective_ratio:constant", SLO, "Objective: the target share of good events."
)
INFO = recorded(
    "slo:info", (*SLO, "objective_percent", "slo_window"), "Objective and window; always 1."
)
EVENTS_1M = recorded(
    "slo:events:increase1m", SLO, "Events of a minute, of an SLO that rules count."
)
COUNTED_1M = recorded(
    "slo:counted_events:increase1m",
    SLO,
    "Events that the SLI's good or bad query counts in a minute; the good share of a minute where "
    "minutes are the events.",
)
BAD_EVENTS_1M = recorded(
    "slo:bad_events:increase1m", SLO, "Bad events of a minute, of an SLO that rules count."
)
KNOWN_FROM = recorded(
    "slo:events_known_from:timestamp_seconds", SLO, "Begin of the first minute that rules counted."
)
WINDOW_EVENTS = recorded(
    "slo:window_events:sum",
    WINDOWED,
    "Events of a window, of as many minutes as it has once it is full.",
)
LONG_BAD_EVENTS = recorded(
    "slo:bad_events:sum_long", WINDOWED, "Bad events of the windows of a day and more."
)
LONG_WINDOW_EVENTS = recorded(
    "slo:window_events:sum_long",
    WINDOWED,
    "Events of the windows of a day and more, of as many minutes as each has once it is full.",
)
