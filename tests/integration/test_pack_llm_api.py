"""The pack of language models on a service that calls one, watched by a real Prometheus."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from tests.integration.pack_services.drilling import queries, quick_rules
from tests.integration.pack_services.language_model import LlmService, Model, llm_service
from tests.integration.pack_services.telemetry import load
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.promtool import needs
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.integration, needs("prometheus")]

SPEC = """version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://localhost:9090"}}
packs:
  llm-api:
    where: {job: assistant}
    monthly_budget_dollars: 10000
    prices: {"gpt-4o*": {input: 2.5, output: 10}, "gpt-4o-mini": {input: 0.15, output: 0.6}}
alerts:
  LlmFirstTokenSlow: {above: 1s}
  LlmCallsSlow: {above: 1s}
"""
BUDGET_ALERTS = {
    "LlmBudgetBurnsFast",
    "LlmBudgetBurnsSlowly",
    "LlmBudgetForecastExceeded",
    "LlmBudgetExhausted",
}


@dataclass(frozen=True)
class Assistant:
    """A service, the model that it calls, and Prometheus with the rules of the pack."""

    spec: Path
    prometheus: Watching
    service: LlmService

    def asks(self, until: Callable[[], object], *models: str) -> None:
        names = models or ("gpt-4o-mini",)
        turns = cycle(names)
        number = len(names)
        with load(lambda: self.service.ask(next(turns)), 10 * number, workers=10 * number):
            eventually(until)

    def told(self) -> set[tuple[str, str]]:
        """Models and the alerts that fire of them."""
        firing = self.prometheus.query('ALERTS{alertstate="firing",budget="",alertname=~"Llm.*"}')
        return {
            (labels.get("model") or labels["gen_ai_request_model"], labels["alertname"])
            for labels, _ in firing
        }

    def fires(self, *alerts: str) -> bool:
        return set(alerts) <= self.prometheus.firing()


def _quicker(rules: Path) -> None:
    """An hour of spend as two seconds, and longer windows as little: calls of today make a month's
    sum within a test."""
    for path in rules.parent.glob("obs-llm-api-recording.yaml"):
        text = re.sub(r"\b24000ms", "2s", path.read_text())
        path.write_text(re.sub(r"\[(30d23h59m59s|6d23h59m59s|\d+ms)(?=:2s)", "[20s", text))


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("llm")
    spec = folder / "obs.yaml"
    spec.write_text(SPEC)
    with ExitStack() as stack:
        service = stack.enter_context(llm_service())
        service.ask()
        rules = quick_rules(folder, spec)
        _quicker(rules)
        targets = {"assistant": service.target}
        prometheus = stack.enter_context(watching(folder, targets, rules=str(rules), every="500ms"))
        yield Assistant(spec, prometheus, service)


def test_no_panel_is_empty_and_spend_is_tokens_times_the_price(assistant: Assistant) -> None:
    assistant.service.model.status = 500
    assistant.service.ask()
    assistant.service.model.status = 200
    asked = [each for page in ("llm", "llm-spend") for each in queries(assistant.spec, page)]
    assert len(asked) >= 25
    assistant.asks(lambda: not [expr for _, expr in asked if not assistant.prometheus.query(expr)])
    per_token = "sum(llm:spend_dollars:increase1h) / sum(llm:tokens:increase1h)"
    a_call = (1000 * 0.15 + 200 * 0.6) / 1e6
    assert assistant.prometheus.value(per_token) == pytest.approx(a_call / 1200)
    assert assistant.prometheus.value("sum(llm:tokens_without_price:increase1h)") == 0


def test_each_kind_of_trouble_has_its_alert(assistant: Assistant) -> None:
    troubles = {
        "o1": ({"LlmModelWithoutPrice"}, Model()),
        "gpt-4o-limited": ({"LlmCallsRateLimited"}, Model(status=429)),
        "gpt-4o-broken": ({"LlmCallsFail"}, Model(status=503)),
        "gpt-4o-gone": ({"LlmCallsFail"}, Model(hangs_up=True)),
        "gpt-4o-denied": ({"LlmCallsDenied"}, Model(status=401)),
        "gpt-4o-refused": ({"LlmCallsRefused"}, Model(refuses=True)),
        "gpt-4o-slow": ({"LlmFirstTokenSlow", "LlmCallsSlow"}, Model(first_token=1.3)),
    }
    expected = {(name, alert) for name, (alerts, _) in troubles.items() for alert in alerts}
    assistant.service.models.update({name: model for name, (_, model) in troubles.items()})
    assistant.asks(lambda: assistant.told() == expected, *troubles)
    assistant.service.models.clear()
    lasting = {("o1", "LlmModelWithoutPrice")}
    assistant.asks(lambda: assistant.told() <= lasting, *troubles)


def test_spend_beyond_the_budget_is_told(assistant: Assistant) -> None:
    model = assistant.service.model
    assert not BUDGET_ALERTS & assistant.prometheus.firing()
    model.input_tokens = 400_000_000  # a thousand dollars a call
    assistant.asks(lambda: assistant.fires(*BUDGET_ALERTS), "gpt-4o-2024-08-06")
    model.input_tokens = 1000
    assistant.asks(lambda: not assistant.fires("LlmBudgetBurnsFast"))
    assert assistant.fires("LlmBudgetExhausted")
