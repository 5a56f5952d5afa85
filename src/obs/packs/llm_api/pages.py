"""The pages of calls of language models and of their cost."""

from typing import Final

from obs.packs.llm_api import metrics, quantities
from obs.packs.llm_api.metrics import BUDGET, CALLER, MODEL
from obs.packs.page import Line, Lines, PackPage, Row, Stat

CALLS: Final = PackPage(
    "llm",
    "Language models",
    "Do calls of language models succeed, and how long do they take?",
    [(label, quantities.CALLED) for label in CALLER],
    CALLER,
    [
        Stat("calls_now", "Calls", quantities.CALLS, "Calls a second, all together.", "sum"),
        Stat("failed_now", "Fail", quantities.FAILED, "Highest share of calls that fail."),
        Stat("limited_now", "Limited", quantities.LIMITED, "Highest share of calls with 429."),
        Stat("first_now", "First token", quantities.FIRST, "Slowest start of answers (p95)."),
        Stat("latency_now", "Whole answer", quantities.SLOWEST, "Slowest whole answers (p95)."),
    ],
    [
        Row(
            "Calls and errors",
            [
                Lines("calls", "Calls", [Line(quantities.CALLS)], "Calls a second."),
                Lines("failed", "5xx, timeouts and failed connections"),
                Lines("limited", "Limited (429)"),
                Lines("denied", "Access denied (401, 403)"),
                Lines("refused", "Refused for their content"),
                Lines(
                    "otherwise",
                    "Other errors",
                    [Line(quantities.OTHERWISE)],
                    "Share of calls that end with any other error.",
                ),
                Lines(
                    "by_error",
                    "Errors by type",
                    [Line(quantities.BY_ERROR)],
                    "Calls a second that end with each error_type.",
                    by=("gen_ai_request_model", "error_type"),
                    none="No call has failed",
                ),
            ],
        ),
        Row(
            "Time",
            [
                Lines("first_token", "First token (p95)"),
                Lines("latency", "Whole answer (p95)"),
                Lines(
                    "median",
                    "Medians",
                    [Line(quantities.FIRST_USUAL, "first token"), Line(quantities.USUAL, "answer")],
                    "Half of the answers begin, and end, within this time.",
                ),
            ],
        ),
        Row(
            "Tokens",
            [
                Lines(
                    "tokens",
                    "Tokens",
                    [Line(quantities.TOKENS_IN, "in"), Line(quantities.TOKENS_OUT, "out")],
                    "Tokens a second of prompts and of answers.",
                ),
                Lines(
                    "per_call",
                    "Tokens per call",
                    [Line(quantities.PER_CALL_IN, "in"), Line(quantities.PER_CALL_OUT, "out")],
                    "Mean tokens of a prompt and of an answer.",
                ),
            ],
        ),
    ],
)
SPEND: Final = PackPage(
    "llm-spend",
    "Language models: spend",
    "What do language models cost, and does the budget last?",
    [("provider", metrics.HOUR_TOKENS), ("model", metrics.HOUR_TOKENS)],
    BUDGET,
    [
        Stat("month_now", "This month", quantities.MONTH_SPEND, metrics.MONTH_SPEND.help),
        Stat("forecast_now", "Month's forecast", quantities.FORECAST, metrics.FORECAST.help),
        Stat("budget_now", "Budget spent", quantities.OF_MONTH, "Share of the month's budget."),
        Stat("hour_now", "Last hour", quantities.HOUR_SPEND, metrics.HOUR_SPEND.help),
        Stat(
            "unpriced_now",
            "Tokens without a price",
            quantities.UNPRICED,
            metrics.HOUR_UNPRICED.help,
        ),
        Stat("known_now", "Hours known", quantities.KNOWN, metrics.MONTH_KNOWN.help, "min"),
    ],
    [
        Row(
            "Budget",
            [
                Lines("of_month", "Share of the budget that is spent"),
                Lines("of_forecast", "Forecast of the month against the budget"),
                Lines(
                    "dollars",
                    "Spent, forecast and budget",
                    [
                        Line(quantities.MONTH_SPEND, "spent"),
                        Line(quantities.FORECAST, "forecast"),
                        Line(quantities.MONTH_BUDGET, "budget"),
                    ],
                    "Dollars of this calendar month (UTC).",
                ),
                Lines("of_hour", "Share of the budget in the last hour"),
                Lines("of_day", "Share of the budget in the last day"),
            ],
        ),
        Row(
            "By model",
            [
                Lines("hour", "Last hour", [Line(quantities.HOUR_SPEND)], by=MODEL),
                Lines("day", "Last day", [Line(quantities.DAY_SPEND)], by=MODEL),
                Lines("month", "This month", [Line(quantities.MONTH_SPEND)], by=MODEL),
                Lines(
                    "tokens",
                    "Tokens of the last hour",
                    [Line(quantities.HOUR_TOKENS)],
                    by=(*MODEL, "gen_ai_token_type"),
                ),
                Lines("unpriced", "Tokens without a price", by=MODEL),
            ],
        ),
    ],
)
