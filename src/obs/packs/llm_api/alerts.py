"""Alerts on calls of language models and on their cost."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.llm_api import quantities
from obs.packs.llm_api.metrics import BUDGET, CALLER, MODEL

_CALLER: Final = About("gen_ai_request_model", CALLER)
_MODEL: Final = About("model", MODEL)
_BUDGET: Final = About("budget", BUDGET)
_KEPT: Final = 30 * MINUTE
_ENOUGH: Final = Traffic(quantities.ENOUGH, 10)
_OF: Final = "{gen_ai_request_model} ({gen_ai_provider_name})"

CALLS: Final = (
    Alert(
        "LlmCallsFail",
        Severity.CRITICAL,
        _CALLER,
        Beyond(quantities.FAILED, ">", 5, CALLER, given=_ENOUGH),
        5 * MINUTE,
        "Calls of a language model fail.",
        f"{{value}} of the calls of {_OF} fail with 5xx, time out or do not connect (threshold "
        "{threshold}).",
        "Providers promise 99 % or more. Five times that, for five minutes, is an outage.",
        "llm/failed",
        _KEPT,
    ),
    Alert(
        "LlmCallsRateLimited",
        Severity.WARNING,
        _CALLER,
        Beyond(quantities.LIMITED, ">", 5, CALLER, given=_ENOUGH),
        10 * MINUTE,
        "The provider of a language model limits calls.",
        f"{{value}} of the calls of {_OF} end with 429 (threshold {{threshold}}).",
        "Single 429s are usual and retried. A lasting share means that the quota is too small.",
        "llm/limited",
        _KEPT,
    ),
    Alert(
        "LlmCallsDenied",
        Severity.CRITICAL,
        _CALLER,
        Beyond(quantities.DENIED, ">", 5, CALLER, given=_ENOUGH),
        5 * MINUTE,
        "The provider of a language model denies access.",
        f"{{value}} of the calls of {_OF} end with 401 or 403 (threshold {{threshold}}).",
        "A key that expired or was revoked does not recover by itself.",
        "llm/denied",
        _KEPT,
    ),
    Alert(
        "LlmCallsRefused",
        Severity.WARNING,
        _CALLER,
        Beyond(quantities.REFUSED, ">", 10, CALLER, given=_ENOUGH),
        15 * MINUTE,
        "A language model refuses to answer.",
        f"{{value}} of the calls of {_OF} are refused for their content (threshold {{threshold}}).",
        "A few refusals are the filter's work. One in ten calls points to a changed prompt or "
        "filter, or to abuse.",
        "llm/refused",
        _KEPT,
    ),
    Alert(
        "LlmCallsSlow",
        Severity.WARNING,
        _CALLER,
        Beyond(quantities.SLOWEST, ">", 20, CALLER, given=_ENOUGH),
        10 * MINUTE,
        "Calls of a language model are slow.",
        f"One in twenty calls of {_OF} takes longer than {{value}} (threshold {{threshold}}).",
        "Whole answers take seconds. After 20 s users give up and clients time out.",
        "llm/latency",
        _KEPT,
    ),
    Alert(
        "LlmFirstTokenSlow",
        Severity.WARNING,
        _CALLER,
        Beyond(quantities.FIRST, ">", 5, CALLER, given=_ENOUGH),
        10 * MINUTE,
        "Answers of a language model begin late.",
        f"One in twenty answers of {_OF} begins after more than {{value}} (threshold "
        "{threshold}).",
        "Users of a stream wait for its first words. Five seconds without any look like a fault.",
        "llm/first_token",
        _KEPT,
    ),
)
SPEND: Final = (
    Alert(
        "LlmModelWithoutPrice",
        Severity.WARNING,
        _MODEL,
        Beyond(quantities.UNPRICED, ">", 0, MODEL),
        10 * MINUTE,
        "Tokens of a language model have no price.",
        "{value} tokens of {model} ({provider}) in the last hour have no price in the spec, so "
        "spend does not include them.",
        "Unknown spend is not zero: every other number of spend is too low.",
        "llm-spend/unpriced",
        _KEPT,
    ),
    Alert(
        "LlmBudgetBurnsFast",
        Severity.CRITICAL,
        _BUDGET,
        Beyond(quantities.OF_HOUR, ">", 2, BUDGET),
        5 * MINUTE,
        "Language models spend the month's budget within two days.",
        "The last hour cost {value} of the month's budget (threshold {threshold}).",
        "At 2 % an hour a whole month's budget lasts 50 hours.",
        "llm-spend/of_hour",
        _KEPT,
    ),
    Alert(
        "LlmBudgetBurnsSlowly",
        Severity.WARNING,
        _BUDGET,
        Beyond(quantities.OF_DAY, ">", 10, BUDGET),
        15 * MINUTE,
        "Language models spend the month's budget within ten days.",
        "The last day cost {value} of the month's budget (threshold {threshold}).",
        "At 10 % a day a whole month's budget lasts ten days.",
        "llm-spend/of_day",
        _KEPT,
    ),
    Alert(
        "LlmBudgetForecastExceeded",
        Severity.WARNING,
        _BUDGET,
        Beyond(quantities.OF_FORECAST, ">", 100, BUDGET),
        15 * MINUTE,
        "Language models are going to cost more than the month's budget.",
        "At the pace of the last seven days this month costs {value} of its budget (threshold "
        "{threshold}).",
        "What is known now can still be changed before the money is spent.",
        "llm-spend/of_forecast",
        _KEPT,
    ),
    Alert(
        "LlmBudgetExhausted",
        Severity.CRITICAL,
        _BUDGET,
        Beyond(quantities.OF_MONTH, ">", 100, BUDGET),
        0,
        "The month's budget for language models is spent.",
        "This month has cost {value} of its budget so far (threshold {threshold}).",
        "Every further call costs money that was not planned.",
        "llm-spend/of_month",
        _KEPT,
    ),
)
