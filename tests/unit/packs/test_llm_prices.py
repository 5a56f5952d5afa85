"""What the price table of the llm-api pack becomes, and what is wrong with one."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.packs.llm_api.settings import LlmApiPack
from obs.packs.llm_api.spend import records
from obs.spec.load import read_spec
from obs.spec.report import InvalidSpec

SYSTEM = """version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://localhost:9090"}}
packs:
  llm-api: %s
"""
_TERM = re.compile(r"([\d.e-]+) \* llm:tokens:increase1h\{(.*?)\}")
_MATCHER = re.compile(r'(\w+)(=~|!~|=)"((?:[^"\\]|\\.)*)"')


def spend_rule(settings: LlmApiPack) -> str:
    return {each.metric.name: each.promql for each in records(settings)}[
        "llm:spend_dollars:increase1h"
    ]


def prices(settings: LlmApiPack, model: str, kind: str) -> list[float]:
    """The prices per million that the rule gives tokens; one at most, or they count twice."""
    found = []
    for price, matchers in _TERM.findall(spend_rule(settings)):
        labels = {"model": model, "gen_ai_token_type": kind}
        fits = [
            bool(re.fullmatch(value.replace(r"\\", "\\"), labels[label])) is (how != "!~")
            for label, how, value in _MATCHER.findall(matchers)
        ]
        if all(fits):
            found.append(float(price) * 1e6)
    return found


TABLE = LlmApiPack.model_validate(
    {
        "prices": {
            "gpt-4o*": {"input": 2.5, "output": 10},
            "gpt-4o-mini*": {"input": 0.15, "output": 0.6},
            "gpt-4o-mini": {"input": 0.1, "output": 0.5},
            "embed*": {"input": 0.02},
        }
    }
)


@pytest.mark.parametrize(
    ("model", "kind", "price"),
    [
        ("gpt-4o", "input", [2.5]),
        ("gpt-4o-2024-08-06", "output", [10]),
        ("gpt-4o-mini-2024-07-18", "input", [0.15]),
        ("gpt-4o-mini", "completion", [0.5]),
        ("embed-3", "prompt", [0.02]),
        ("embed-3", "output", []),
        ("gpt-4o", "reasoning", []),
        ("claude", "input", []),
        ("gpt-4xo", "input", []),
    ],
)
def test_the_most_specific_glob_gives_the_price(model: str, kind: str, price: list[float]) -> None:
    assert prices(TABLE, model, kind) == pytest.approx(price)


GLOBS = st.text("ab*?", min_size=1, max_size=4)


@given(st.lists(GLOBS, min_size=1, max_size=5, unique=True), st.text("ab", max_size=4))
def test_a_model_has_one_price_if_any_glob_matches_and_none_otherwise(
    globs: list[str], model: str
) -> None:
    table = {glob: {"input": index + 1} for index, glob in enumerate(globs)}
    found = prices(LlmApiPack.model_validate({"prices": table}), model, "input")
    assert len(found) == any(fnmatchcase(model, glob) for glob in globs)


def test_without_prices_tokens_are_counted_and_spend_is_unknown() -> None:
    assert [each.metric.name for each in records(LlmApiPack())] == ["llm:tokens:increase1h"]


def test_the_labels_that_choose_series_are_kept_by_every_rule() -> None:
    settings = LlmApiPack.model_validate(
        {
            "where": {"job": "assistant", "cluster": "prod-*"},
            "prices": {"gpt*": {"input": 1}},
            "monthly_budget_dollars": 5,
        }
    )
    for record in records(settings):
        assert 'cluster=~"prod-.*",job="assistant"' in record.promql
        assert "cluster, job)" in record.promql


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{monthly_budget_dollars: 5}", "needs prices, by which spend is counted"),
        ('{prices: {"gpt*": {input: -1}}}', "gpt*"),
        ('{prices: {"gpt*": {output: 1}}}', "input"),
        ("{monthly_budget_dollars: 0}", "monthly_budget_dollars"),
        ('{prices: {"gpt*": {inptu: 1, input: 1}}}', "inptu"),
    ],
)
def test_what_is_wrong_with_a_price_table_is_said(settings: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SYSTEM % settings)
    with pytest.raises(InvalidSpec) as told:
        read_spec([path])
    assert said in str(told.value)
