"""What alerts compare and panels draw of calls of language models and of their cost."""

from typing import Final

from obs.alerts.quantities import (
    Either,
    Growth,
    Mean,
    Percent,
    Percentile,
    PercentOfLimit,
    Rate,
    Value,
    Where,
    equals,
    matching,
    not_matching,
)
from obs.alerts.quantities.distributions import part
from obs.packs.llm_api import metrics

CALLED: Final = part(metrics.DURATION, "count")
_TOKENS: Final = part(metrics.TOKENS, "sum")

_LIMITED: Final = "429|.*RateLimit.*|.*ResourceExhausted.*|.*Throttl.*|.*TooManyRequests.*"
_FAILED: Final = "5..|.*InternalServer.*|.*ServiceUnavailable.*|.*[Oo]verloaded.*"
_UNREACHABLE: Final = ".*[Tt]imeout.*|.*[Cc]onnect.*"
_DENIED: Final = "401|403|.*Authentication.*|.*PermissionDenied.*|.*AccessDenied.*"
_REFUSED: Final = "content_filter|.*ContentFilter.*|.*ContentPolicy.*|refusal|.*Safety.*"


def _share(*where: Where) -> Percent:
    return Percent(Rate(CALLED, where=where), Rate(CALLED))


def _error(pattern: str, example: str) -> Where:
    return matching("error_type", pattern, example)


CALLS: Final = Rate(CALLED)
ENOUGH: Final = Growth(CALLED)
LIMITED: Final = _share(_error(_LIMITED, "429"))
FAILED: Final = _share(_error(f"{_FAILED}|{_UNREACHABLE}", "500"))
ANSWERED_5XX: Final = _share(_error(_FAILED, "500"))
UNREACHABLE: Final = _share(_error(_UNREACHABLE, "timeout"))
DENIED: Final = _share(_error(_DENIED, "401"))
REFUSED: Final = _share(_error(_REFUSED, "content_filter"))
OTHERWISE: Final = _share(
    not_matching(
        "error_type",
        f"|{_LIMITED}|{_FAILED}|{_UNREACHABLE}|{_DENIED}|{_REFUSED}",  # the empty one: no error
        "429",
    )
)
BY_ERROR: Final = Rate(CALLED, where=(matching("error_type", ".+", "429"),))

SLOWEST: Final = Percentile(metrics.DURATION, 95)
USUAL: Final = Percentile(metrics.DURATION, 50)
FIRST: Final = Either((Percentile(metrics.FIRST_CHUNK, 95), Percentile(metrics.FIRST_TOKEN, 95)))
FIRST_USUAL: Final = Either(
    (Percentile(metrics.FIRST_CHUNK, 50), Percentile(metrics.FIRST_TOKEN, 50))
)

TOKENS_IN: Final = Rate(_TOKENS, where=(matching("gen_ai_token_type", "input|prompt", "input"),))
TOKENS_OUT: Final = Rate(
    _TOKENS, where=(matching("gen_ai_token_type", "output|completion", "output"),)
)
PER_CALL_IN: Final = Mean(metrics.TOKENS, where=(equals("gen_ai_token_type", "input"),))
PER_CALL_OUT: Final = Mean(metrics.TOKENS, where=(equals("gen_ai_token_type", "output"),))

HOUR_TOKENS: Final = Value(metrics.HOUR_TOKENS, "sum")
UNPRICED: Final = Value(metrics.HOUR_UNPRICED, "sum")
HOUR_SPEND: Final = Value(metrics.HOUR_SPEND, "sum")
DAY_SPEND: Final = Value(metrics.DAY_SPEND, "sum")
MONTH_SPEND: Final = Value(metrics.MONTH_SPEND, "sum")
FORECAST: Final = Value(metrics.FORECAST, "sum")
MONTH_BUDGET: Final = Value(metrics.MONTH_BUDGET, "max")
KNOWN: Final = Value(metrics.MONTH_KNOWN, "min")
OF_HOUR: Final = PercentOfLimit(HOUR_SPEND, MONTH_BUDGET)
OF_DAY: Final = PercentOfLimit(DAY_SPEND, MONTH_BUDGET)
OF_MONTH: Final = PercentOfLimit(MONTH_SPEND, MONTH_BUDGET)
OF_FORECAST: Final = PercentOfLimit(FORECAST, MONTH_BUDGET)
