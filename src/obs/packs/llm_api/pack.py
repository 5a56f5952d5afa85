"""The pack of language models."""

from typing import Final

from obs.packs.llm_api import alerts, metrics, pages
from obs.packs.llm_api.settings import LlmApiPack
from obs.packs.llm_api.spend import records
from obs.packs.pack import Pack

_EXAMPLE: Final = (
    '{where: {job: assistant}, monthly_budget_dollars: 500, prices: {"gpt-4o*": {input: 2.5, '
    'output: 10}, "gpt-4o-mini*": {input: 0.15, output: 0.6}}}'
)
_EXPORTER: Final = "instrumentation with OpenTelemetry's gen_ai conventions"


def pack(settings: LlmApiPack) -> Pack:
    """The pack with the prices and the budget of a spec."""
    return Pack(
        "Language models",
        _EXAMPLE,
        (
            *(metrics.DURATION, metrics.FIRST_CHUNK, metrics.FIRST_TOKEN, metrics.TOKENS),
            *(metrics.HOUR_TOKENS, metrics.HOUR_UNPRICED, metrics.HOUR_SPEND, metrics.DAY_SPEND),
            *(metrics.MONTH_SPEND, metrics.FORECAST, metrics.MONTH_BUDGET, metrics.MONTH_KNOWN),
        ),
        (*alerts.CALLS, *alerts.SPEND),
        (pages.CALLS, pages.SPEND),
        ((metrics.DURATION, _EXPORTER), (metrics.TOKENS, _EXPORTER)),
        records=records(settings),
    )
