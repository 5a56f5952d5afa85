"""What a spec names in its sources."""

from typing import Any

import pytest

from obs.spec.named import Found, missing_in, missing_name, names_of
from obs.spec.system import System
from obs.spec.watched import SpecName


def system(
    slis: tuple[dict[str, Any], ...] = (), nats: dict[str, Any] | None = None, **aws: Any
) -> System:
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {
                "nats": {"main": {"monitor": ["http://nats:8222"], **(nats or {})}},
                "aws": {"cloud": {"region": "us-east-1", **aws}},
            },
            "slos": [
                {"name": f"slo-{number}", "service": "s", "objective": 99, "sli": sli}
                for number, sli in enumerate(slis)
            ],
        }
    )


def paths(system: System, source: str) -> dict[str, str]:
    return {f"{name.kind} {name.label}": name.path for name in names_of(system, source)}


LAG = {"nats_lag": {"source": "main", "stream": "O", "consumer": "c", "max_messages": 1}}


def test_names_and_globs_of_sources_and_slis_are_listed_with_their_places() -> None:
    nats = {
        "streams": {"include": ["O", "audit-*"]},
        "consumers": {"include": ["c"]},
        "expects": {"O": {"consumers": {"c": {}}}},
    }
    assert paths(system((LAG,), nats), "main") == {
        "stream O": "sources.nats.main.streams.include[0]",
        "stream audit-*": "sources.nats.main.streams.include[1]",
        "consumer c": "sources.nats.main.consumers.include[0]",
        "consumer O/c": "sources.nats.main.expects.O.consumers.c",
    }
    sli = {"eventbridge": {"source": "cloud", "bus": "b", "rules": ["r", "x-*"]}}
    buses = [{"name": "b", "rules": ["*"]}]
    assert paths(system((sli,), buses=buses, queues=["dlq"]), "cloud") == {
        "bus b": "sources.aws.cloud.buses[0].name",
        "queue dlq": "sources.aws.cloud.queues[0]",
        "rule b/r": "slos[0].sli.eventbridge.rules[0]",
        "rule b/x-*": "slos[0].sli.eventbridge.rules[1]",
    }


def test_a_lone_star_names_nothing() -> None:
    assert names_of(system(), "main") == ()
    assert names_of(system(), "cloud") == ()


def test_the_account_of_an_sli_is_part_of_the_name() -> None:
    sli = {"nats_lag": {**LAG["nats_lag"], "account": "SHOP"}}
    assert [name.label for name in names_of(system((sli,)), "main")] == [
        "O in account SHOP",
        "O/c in account SHOP",
    ]


@pytest.mark.parametrize(
    ("name", "like", "said"),
    [
        (
            SpecName("bus", "shop-event"),
            ("default", "shop-events"),
            "Bus shop-event, which the spec names, does not exist in us-east-1; "
            "did you mean shop-events?",
        ),
        (
            SpecName("bus", "shop"),
            ("default",),
            "Bus shop, which the spec names, does not exist in us-east-1",
        ),
        (
            SpecName("rule", "order-*", "shop-events"),
            ("orders",),
            "No rule in us-east-1 matches shop-events/order-*, which the spec names",
        ),
    ],
)
def test_a_missing_name_is_one_sentence(name: SpecName, like: tuple[str, ...], said: str) -> None:
    assert str(missing_name(name, Found(False, like), system(), "cloud")) == said


def test_only_what_certainly_does_not_exist_is_missing() -> None:
    found = [Found(None), Found(None, follows=True), Found(True), Found(False)]
    queues = ["a", "b", "c", "d"]
    missing = missing_in(system(queues=queues), "cloud", lambda names: found)
    assert [each.named.name for each in missing] == ["d"]


def test_names_of_slis_and_of_what_is_expected_are_never_globs() -> None:
    sli = {"nats_lag": {"source": "main", "stream": "O[1]", "consumer": "c?", "max_messages": 1}}
    nats: dict[str, Any] = {"expects": {"E[1]": {"consumers": {"x?": {}}}}}
    found = names_of(system((sli,), nats), "main")
    assert [each.label for each in found] == ["E[1]", "E[1]/x?", "O[1]", "O[1]/c?"]
    assert not any(each.is_glob for each in found)


def test_a_glob_that_is_written_like_a_name_that_exists_is_told_how_to_write_it() -> None:
    named = SpecName("stream", "orders[eu]")
    found = missing_name(named, Found(False, ("orders[eu]",)), system(), "main")
    assert str(found).endswith("; write orders[[]eu] for the one of exactly this name")
