"""References between the parts of a spec, in specs with thousands of them."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from obs.spec import globs, references
from obs.spec.outputs import Outputs
from obs.spec.references import dangling, parts_of
from obs.spec.report import did_you_mean
from obs.spec.system import System

SLOS = 300


def system(bus_rules: list[str], slis: list[dict[str, Any]], **nats: Any) -> System:
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {
                "aws": {
                    "cloud": {
                        "region": "us-east-1",
                        "buses": [
                            {"name": "orders", "rules": bus_rules},
                            *({"name": f"bus-{n}", "rules": ["x"]} for n in range(SLOS)),
                        ],
                    }
                },
                "nats": {"main": {"monitor": ["http://n:8222"], **nats}},
            },
            "slos": [
                {"name": f"slo-{n}", "service": "shop", "objective": 99.9, "sli": sli}
                for n, sli in enumerate(slis)
            ],
        }
    )


def on_rule(rule: str, bus: str = "orders") -> dict[str, Any]:
    return {"eventbridge": {"source": "cloud", "bus": bus, "rules": [rule]}}


def on_consumer(number: int) -> dict[str, Any]:
    names = {"stream": f"S-{number}", "consumer": f"c-{number}"}
    return {"nats_lag": {"source": "main", "max_messages": 1, **names}}


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every comparison of two globs, and every search for a name like another."""
    made: list[str] = []

    def counted(name: str, call: Any) -> Any:
        def wrapper(*arguments: Any) -> Any:
            made.append(name)
            return call(*arguments)

        return wrapper

    monkeypatch.setattr(globs, "may_overlap", counted("overlap", globs.may_overlap))
    monkeypatch.setattr(globs, "fnmatchcase", counted("match", fnmatchcase))
    monkeypatch.setattr(references, "did_you_mean", counted("hint", did_you_mean))
    return made


def test_names_are_looked_up_and_never_compared_with_each_other(comparisons: list[str]) -> None:
    numbers = range(SLOS)
    slis = [
        *(on_rule(f"rule-{n}") for n in numbers),
        *(on_rule("x", f"bus-{n}") for n in numbers),
        *map(on_consumer, numbers),
    ]
    included = {"include": [f"S-{n}" for n in numbers]}, {"include": [f"c-{n}" for n in numbers]}
    whole = system([f"rule-{n}" for n in numbers], slis, streams=included[0], consumers=included[1])
    assert list(dangling(parts_of(whole))) == []
    assert comparisons == []


def test_one_glob_costs_one_comparison_with_each_real_glob_however_often_it_is_written(
    comparisons: list[str],
) -> None:
    tracked = ["*-b", "*-c", "[!a]*", *(f"rule-{n}" for n in range(SLOS))]
    whole = system(tracked, [on_rule("zzz-*")] * SLOS)
    assert list(dangling(parts_of(whole))) == []
    assert comparisons == ["overlap"]


def test_each_of_many_mistakes_is_reported_at_its_place() -> None:
    whole = system(["rule-0", "rule-*-x"], [on_rule("rule-0"), on_rule("other"), on_rule("rule-9")])
    assert [(path, message.split(" on bus")[0]) for path, message in dangling(parts_of(whole))] == [
        (
            ("slos", number, "sli", "eventbridge", "rules", 0),
            f"source 'cloud' watches no rule {rule!r}",
        )
        for number, rule in ((1, "other"), (2, "rule-9"))
    ]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [({"monitor": ["http://n:8222"]}, False), ({"connection": {"servers": ["nats://n"]}}, True)],
)
def test_names_of_another_exporter_need_a_source_with_monitoring_ports(
    source: dict[str, Any], wrong: bool
) -> None:
    spec = system(["x"], [], **{"monitor": None, **source}).model_copy(
        update={"outputs": Outputs.model_validate({"web": {"compat": ["nats-exporter"]}})}
    )
    found = [(path, message.partition(";")[0]) for path, message in dangling(parts_of(spec))]
    told = (("outputs", "web", "compat"), "no NATS source reads monitoring ports")
    assert found == ([told] if wrong else [])
