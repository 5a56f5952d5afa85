"""Rule files in parts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.targets import build
from obs.alerts.writers.parts import parts
from obs.spec.system import System

SIZES = st.lists(st.integers(min_value=0, max_value=300), max_size=30)


def group(number: int, size: int) -> dict[str, Any]:
    return {"name": str(number), "rules": [{"expr": "x" * size}]}


@given(SIZES)
def test_every_group_is_in_one_part_in_order_and_no_part_is_too_large(sizes: list[int]) -> None:
    groups = [group(number, size) for number, size in enumerate(sizes)]
    found = parts({"slo": {"groups": groups}}, 400)
    assert [each for document in found.values() for each in document["groups"]] == groups
    for document in found.values():
        assert sum(len(json.dumps(each)) for each in document["groups"]) <= 400
    assert list(found) == [("slo" if n == 1 else f"slo-{n}") for n in range(1, len(found) + 1)]


def test_a_group_that_is_too_large_by_itself_stays_whole() -> None:
    assert parts({"slo": {"groups": [group(0, 900)]}}, 400) == {"slo": {"groups": [group(0, 900)]}}


def test_a_thousand_slos_fit_into_what_kubernetes_and_aws_take() -> None:
    sli = {"eventbridge": {"source": "cloud", "bus": "orders"}}
    spec = {
        "version": 1,
        "system": "large",
        "sources": {"aws": {"cloud": {"region": "us-east-1"}}},
        "slos": [
            {"name": f"slo-{number}", "service": "orders", "objective": 99.9, "sli": sli}
            for number in range(1000)
        ],
    }
    system = System.model_validate(spec)
    files = build(system, ["operator", "amp"])
    assert max(len(text.encode()) for text in files["operator"].values()) < 256 * 1024
    assert max(len(text.encode()) for text in files["amp"].values()) < 1_000_000
