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
