"""The rules that count spend, over the end of a month, as promtool evaluates them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.alerts.targets import build
from obs.spec.load import load
from tests.integration.promtool import judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC = """version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://localhost:9090"}}
packs:
  llm-api:
    monthly_budget_dollars: 500
    prices: {"gpt-4o*": {input: 2.5}, "gpt-4o-mini*": {input: 0}}
"""
FEBRUARY = 744
"""The hour at which it begins in these tests, which begin in January 1970."""
BEGIN = FEBRUARY - 12
AN_HOUR = 12
"""Samples, of 100 000 tokens each: three dollars."""


def tokens(instance: str, values: str, model: str = "gpt-4o-2024-08-06") -> dict[str, str]:
    labels = (
        f'instance="{instance}",gen_ai_request_model="gpt-4o",gen_ai_response_model="{model}",'
        'gen_ai_provider_name="openai",gen_ai_token_type="input"'
    )
    return {"series": f"gen_ai_client_token_usage_sum{{{labels}}}", "values": values}


def expected(hour: int, expr: str, value: float | None) -> dict[str, Any]:
    samples = [] if value is None else [{"labels": "{}", "value": round(100 * value)}]
    return {"eval_time": f"{hour}h", "expr": f"round(100 * sum({expr}))", "exp_samples": samples}


def test_a_month_is_the_sum_of_its_hours_over_restarts_and_holes(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    (text,) = (
        text
        for name, text in build(load([path], variables={}), ["prometheus"])["prometheus"].items()
        if name.endswith("llm-api-recording.yaml")
    )
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": yaml.safe_load(text)["groups"]}))
    absent = BEGIN * AN_HOUR
    # Restarted half an hour after 742; not scraped between 748 and 751.
    restarted = f"0+100000x{10 * AN_HOUR + 5} 0+100000x{5 * AN_HOUR + 6}"
    hole = f"_x{3 * AN_HOUR - 1} {(8 * AN_HOUR + 6) * 100_000}+100000x{2 * AN_HOUR}"
    series = [
        tokens("a", f"_x{absent} {restarted} {hole}"),
        # A process that had used five million tokens before its first scrape.
        tokens("b", f"_x{absent + 8 * AN_HOUR + 3} 5000000+0x{8 * AN_HOUR}"),
        tokens("a", f"_x{absent} 0+100x{20 * AN_HOUR}", "gpt-4o-mini-2024-07-18"),
        tokens("a", f"_x{absent} 0+100x{20 * AN_HOUR}", "o1"),
    ]
    hour, month = "llm:spend_dollars:increase1h", "llm:spend_dollars:month"
    known = [
        expected(BEGIN + 1, hour, 3),
        expected(BEGIN + 9, hour, 3 + 12.5),
        expected(BEGIN + 11, hour, 2.75),
        expected(BEGIN + 11, month, 10 * 3 + 12.5 + 2.75),
        expected(FEBRUARY, month, 0),
        expected(FEBRUARY + 1, month, 3),
        expected(FEBRUARY + 8, month, 4 * 3 + 9 + 3),
        expected(FEBRUARY + 8, f'{month}{{model=~"gpt-4o-mini.*"}}', 0),
        expected(FEBRUARY + 8, f'{month}{{model="o1"}}', None),
        expected(FEBRUARY + 8, 'llm:tokens_without_price:increase1h{model="o1"}', 1200),
        expected(FEBRUARY + 8, "llm:tokens_without_price:increase1h", 1200),
        expected(FEBRUARY + 8, "llm:month_known:percent", 100),
        expected(FEBRUARY + 8, "llm:budget_dollars:month", 500),
        expected(FEBRUARY + 8, "llm:spend_dollars:month_forecast", 24 + 72.25 / 20 * 664),
    ]
    tests = [{"interval": "5m", "input_series": series, "promql_expr_test": known}]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1h", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    assert judged(tmp_path, ["test.yaml"]) == {"test.yaml": True}
