"""Series that Prometheus records from the collector's counters, for those who evaluate there.

Names are `level:what:how`, as Prometheus' own conventions have it. All carry `slo` and
`slo_service`; whatever may change over an SLO's life is on the info series only.
"""

from obs.catalogue.metric import Metric, gauge
from obs.catalogue.slo import SLO, WINDOWED

EVENTS = gauge("slo:events:increase5m", SLO, "Events of the last five minutes.")
GOOD_EVENTS = gauge("slo:good_events:increase5m", SLO, "Good events of the last five minutes.")
BURN_RATE = gauge("slo:burn_rate:ratio", WINDOWED, "As slo_burn_rate, of recorded counts.")
BUDGET_REMAINING = gauge(
    "slo:error_budget_remaining:ratio", SLO, "As slo_error_budget_remaining_ratio."
)
OBJECTIVE = gauge("slo:objective:ratio", SLO, "Share of good events promised.")
INFO = gauge(
    "slo:info", (*SLO, "objective_percent", "slo_window"), "What the objective is; always 1."
)

ALL: tuple[Metric, ...] = (EVENTS, GOOD_EVENTS, BURN_RATE, BUDGET_REMAINING, OBJECTIVE, INFO)
