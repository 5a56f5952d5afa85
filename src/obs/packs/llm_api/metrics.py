"""Metrics of OpenTelemetry's gen_ai conventions, and what rules record of them.

Older instrumentations tell the provider in gen_ai_system; their calls have no provider here.
"""

from typing import Final

from obs.catalogue.foreign import USUAL_BUCKETS, gauge, histogram

CALLER: Final = ("gen_ai_provider_name", "gen_ai_request_model")
MODEL: Final = ("provider", "model")
BUDGET: Final = ("budget",)

_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(4.0**power for power in range(14))

DURATION = histogram(
    "gen_ai_client_operation_duration_seconds",
    (*CALLER, "error_type"),
    "Time of a call, of a stream until its end; error_type is empty where it succeeded.",
    buckets=_SECONDS,
)
FIRST_CHUNK = histogram(
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    CALLER,
    "Time until a stream begins, as the caller sees it.",
    buckets=_SECONDS,
)
FIRST_TOKEN = histogram(
    "gen_ai_server_time_to_first_token_seconds",
    CALLER,
    "Time until the first token, as the server of the model tells it.",
    buckets=(0.001, *USUAL_BUCKETS),
)
TOKENS = histogram(
    "gen_ai_client_token_usage",
    (*CALLER, "gen_ai_token_type"),
    "Tokens of a call by type.",
    buckets=_TOKENS,
)

HOUR_TOKENS = gauge(
    "llm:tokens:increase1h",
    (*BUDGET, *MODEL, "gen_ai_token_type"),
    "Tokens of the last hour by type.",
)
HOUR_UNPRICED = gauge(
    "llm:tokens_without_price:increase1h",
    (*BUDGET, *MODEL),
    "Tokens of the last hour that have no price in the spec: spend does not include them.",
)
HOUR_SPEND = gauge(
    "llm:spend_dollars:increase1h", (*BUDGET, *MODEL), "Spend of the last hour.", unit="dollars"
)
DAY_SPEND = gauge(
    "llm:spend_dollars:increase1d",
    (*BUDGET, *MODEL),
    "Spend of the last 24 whole hours.",
    unit="dollars",
)
MONTH_SPEND = gauge(
    "llm:spend_dollars:month",
    (*BUDGET, *MODEL),
    "Spend of this calendar month (UTC) until the last whole hour.",
    unit="dollars",
)
FORECAST = gauge(
    "llm:spend_dollars:month_forecast",
    BUDGET,
    "Spend of the whole month, if the rest of it is like the last seven days.",
    unit="dollars",
)
MONTH_BUDGET = gauge("llm:budget_dollars:month", BUDGET, "Budget of a month.", unit="dollars")
MONTH_KNOWN = gauge(
    "llm:month_known:percent",
    BUDGET,
    "Share of this month's hours whose spend was recorded and is still stored.",
    unit="percent",
)
