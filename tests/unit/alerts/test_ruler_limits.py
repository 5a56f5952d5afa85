"""Rule groups that fit what a ruler allows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.ruler_limits import RulerLimits, fitted
from obs.alerts.targets import build, remarks
from obs.spec.system import System

Groups = list[dict[str, Any]]


def groups(name: str, sizes: list[int]) -> Groups:
    return [
        {"name": f"{name}-{n}", "rules": [{"expr": f"{name}-{n}-{m}"} for m in range(size)]}
        for n, size in enumerate(sizes)
    ]


def rules(found: Groups) -> list[dict[str, Any]]:
    return [rule for group in found for rule in group["rules"]]


SIZES = st.lists(st.integers(1, 45), max_size=80)


@given(SIZES, SIZES, st.integers(0, 90), st.integers(0, 40), st.integers(0, 90))
def test_every_rule_is_in_one_group_in_its_order_and_no_group_is_too_large(
    alerting: list[int], recording: list[int], most: int, size: int, others: int
) -> None:
    limits = RulerLimits(most, size)
    alerts, recorded = groups("shop-nats", alerting), groups("shop-slo-recording", recording)
    found = fitted(alerts, recorded, limits, others)
    assert rules(found) == rules([*alerts, *recorded])
    names = [group["name"] for group in found]
    assert len(names) == len(set(names))
    assert not size or all(len(group["rules"]) <= size for group in found)


@given(st.lists(st.integers(1, 16), min_size=1, max_size=80))
def test_groups_are_too_many_only_where_full_ones_would_be(sizes: list[int]) -> None:
    limits = RulerLimits(70, 20)
    found = fitted([], groups("shop-slo-recording", sizes), limits)
    if not limits.allow(len(found)):
        assert len(found) == -(-sum(sizes) // 20)


def test_groups_that_fit_stay_as_they_are() -> None:
    alerts, recorded = groups("shop-nats", [20, 3]), groups("shop-slo-recording", [16] * 60)
    assert fitted(alerts, recorded, RulerLimits(70, 20)) == [*alerts, *recorded]


def test_slos_stay_whole_where_larger_groups_are_allowed() -> None:
    recorded = groups("shop-slo-recording", [16] * 66)
    found = fitted([], recorded, RulerLimits(30, 50))
    assert [len(group["rules"]) for group in found] == [48] * 22


def system(slos: int, **mimir: Any) -> System:
    stacks = {"stacks": {"mimir": {"url": "http://mimir", **mimir}}} if mimir else {}
    lag = {"source": "main", "stream": "A", "consumer": "b", "max_messages": 1}
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
            "slos": [
                {"name": f"slo-{n}", "service": "s", "objective": 99, "sli": {"nats_lag": lag}}
                for n in range(slos)
            ],
            "links": {"runbooks": "https://runbooks"},
            **stacks,
        }
    )


def advice(of: System) -> list[str]:
    return list(remarks(of, build(of, ["prometheus", "recording"])).advice)


def test_a_build_says_what_does_not_fit_a_ruler() -> None:
    assert advice(system(10)) == []
    (sentence,) = advice(system(66))
    assert "rule groups, and a tenant of Mimir or Cortex may have 70" in sentence
    assert advice(system(66, recording=True)) == []
    (sentence,) = advice(system(200, recording=True))
    assert "do not fit: the ruler allows 70 a tenant" in sentence
    assert advice(system(200, recording=True, max_groups=0)) == []
    assert advice(system(200, recording=True, max_rules_per_group=60)) == []


def test_groups_that_are_evaluated_more_often_are_not_packed_with_others() -> None:
    often = [{**group, "interval": "1m"} for group in groups("shop-slo-rules", [15] * 40)]
    found = fitted([], [*groups("shop-slo-recording", [15] * 40), *often], RulerLimits(50, 20))
    assert {group.get("interval") for group in found} == {None, "1m"}
    assert sum(len(each["rules"]) for each in found if "interval" in each) == 15 * 40
    assert all(("interval" in each) == ("rules" in each["rules"][0]["expr"]) for each in found)
