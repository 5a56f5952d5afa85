"""What a spec says of calls of language models: what tokens cost, and what may be spent."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from obs.spec.model import Glob, Model, wrong
from obs.spec.pack_settings import PackSettings
from obs.spec.quantity import NotBoolean

Dollars = Annotated[float, Field(ge=0, le=1_000_000), NotBoolean]


class Price(Model):
    """What a million tokens of a model cost."""

    input: Dollars
    """Dollars for a million tokens of the prompt."""
    output: Dollars | None = None
    """Dollars for a million tokens of the answer; a model of embeddings has none."""


class LlmApiPack(PackSettings):
    """Calls of language models, by OpenTelemetry's gen_ai conventions."""

    prices: Annotated[dict[Glob, Price], Field(max_length=100)] = {}
    """Prices by model, as names or globs, of which the most specific one counts:
    {"gpt-4o*": {input: 2.5, output: 10}, "gpt-4o-mini*": {input: 0.15, output: 0.6}}."""
    monthly_budget_dollars: Annotated[float, Field(gt=0, le=1e9), NotBoolean] | None = None
    """Dollars that all of these calls together may cost in a calendar month (UTC)."""

    @model_validator(mode="after")
    def _can_be_counted(self) -> Self:
        if self.monthly_budget_dollars is not None and not self.prices:
            raise wrong("needs prices, by which spend is counted", "monthly_budget_dollars")
        return self


SETTINGS = LlmApiPack
