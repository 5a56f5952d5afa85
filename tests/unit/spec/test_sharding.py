"""What of a system the collector of one shard runs."""

from collections.abc import Iterable
from typing import Any

import pytest

from obs.catalogue import nats
from obs.errors import BadInput
from obs.spec.shard import Shard
from obs.spec.sharding import of_shard, shards_of_slos
from obs.spec.system import System

SHARDS = [Shard(number, 4) for number in range(1, 5)]
LAG = {"source": "main", "stream": "ORDERS", "consumer": "billing", "max_messages": 5}
BUS = {"source": "cloud", "bus": "orders"}
QUERY = {"source": "prom", "good": "a", "total": "b"}


def slo(name: str, **sli: Any) -> dict[str, Any]:
    return {"name": name, "service": "shop", "objective": 99.9, "sli": sli}


def system(*slos: dict[str, Any]) -> System:
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "state_dir": "state",
            "sources": {
                "nats": {"main": {"monitor": ["http://n:8222"]}},
                "aws": {
                    "cloud": {
                        "region": "us-east-1",
                        "functions": ["f"],
                        "monthly_budget_dollars": 40,
                    }
                },
                "prometheus": {"prom": {"url": "http://p:9090"}},
                "probe": {"web": {"targets": [{"name": "home", "http": "http://h/"}]}},
            },
            "slos": slos,
        }
    )


def where(slos: Iterable[dict[str, Any]], name: str) -> list[int]:
    """The shards whose collectors evaluate an SLO."""
    whole = system(*slos)
    return [
        shard.number
        for shard in SHARDS
        if any(each.name == name for each in of_shard(whole, shard).slos)
    ]


def test_without_a_shard_nothing_changes() -> None:
    whole = system(slo("lag", nats_lag=LAG))
    assert of_shard(whole, None) is whole


def test_an_slo_is_evaluated_where_its_stream_is_watched() -> None:
    whole = system(slo("lag", nats_lag=LAG))
    (number,) = where([slo("lag", nats_lag=LAG)], "lag")
    for shard in SHARDS:
        share = of_shard(whole, shard).sources.nats["main"].share
        accounts = {share.has("stream", "ORDERS", f"account {n}") for n in range(20)}
        assert accounts == {shard.number == number}, "of whatever account the stream is"


def test_one_over_a_bus_keeps_the_rules_of_the_bus_together() -> None:
    whole = system(slo("delivered", eventbridge=BUS))
    (number,) = where([slo("delivered", eventbridge=BUS)], "delivered")
    share = of_shard(whole, SHARDS[number - 1]).sources.aws["cloud"].share
    assert all(share.has("rule", "orders", f"rule-{n}") for n in range(30))


def test_one_for_each_object_is_on_every_shard() -> None:
    each = slo("each", nats_lag={**LAG, "stream": "*", "consumer": "*", "by": "consumer"})
    assert where([each], "each") == [1, 2, 3, 4]
    assert shards_of_slos(system(each), SHARDS[0]) == {("shop", "each"): None}


def test_queries_are_spread_and_probes_are_of_the_first() -> None:
    queries = [slo(f"q{number}", prometheus=QUERY) for number in range(40)]
    numbers = [where(queries, f"q{number}") for number in range(8)]
    assert all(len(each) == 1 for each in numbers)
    assert len({each[0] for each in numbers}) > 1
    assert where([slo("home", probe={"source": "web"})], "home") == [1]


def test_sources_are_polled_by_the_shards_that_have_something_of_them() -> None:
    whole = system(slo("q", prometheus=QUERY))
    (number,) = where([slo("q", prometheus=QUERY)], "q")
    for shard in SHARDS:
        sources = of_shard(whole, shard).sources
        assert set(sources.nats) == {"main"}
        assert set(sources.probe) == ({"web"} if shard.number == 1 else set())
        assert set(sources.prometheus) == ({"prom"} if shard.number in (1, number) else set())


def test_what_is_no_stream_rule_or_queue_is_the_first_shards() -> None:
    whole = system()
    first, second = (of_shard(whole, shard) for shard in SHARDS[:2])
    assert "servers" in first.sources.nats["main"].collect
    assert second.sources.nats["main"].collect == ()
    assert first.sources.aws["cloud"].functions == ("f",)
    assert second.sources.aws["cloud"].functions == ()
    assert nats.SERVER_UP in first.exported
    assert nats.SERVER_UP not in second.exported
    for metric in (nats.LAG_MESSAGES, nats.MISSING_ASSETS):
        assert metric in second.exported


def test_a_budget_is_divided_and_each_shard_has_a_state_of_its_own() -> None:
    second = of_shard(system(), SHARDS[1])
    assert second.sources.aws["cloud"].monthly_budget_dollars == 10
    assert second.state_dir == "state/shard-2"


def test_a_metric_of_objects_of_every_shard_is_refused_with_what_helps() -> None:
    metric = {"source": "main", "metric": "nats_stream_bytes", "below": "1GB"}
    with pytest.raises(BadInput, match=r"SLO shop/size: .*name one stream in where, or write by"):
        where([slo("size", metric=metric)], "size")
    named = metric | {"where": {"stream": "ORDERS"}}
    assert len(where([slo("size", metric=named)], "size")) == 1
    assert where([slo("size", metric=metric | {"by": ["stream"]})], "size") == [1, 2, 3, 4]
    server = {"source": "main", "metric": "nats_server_connections", "below": 100}
    assert where([slo("memory", metric=server)], "memory") == [1]


def test_parts_of_a_composite_are_with_it_or_it_is_refused() -> None:
    both = slo("both", composite={"of": ["lag", "q"]})
    slos = [slo("lag", nats_lag=LAG), slo("q", prometheus=QUERY), both]
    assert where(slos, "both") == where(slos, "q") == where(slos, "lag")
    numbers = {}
    for stream in ("A", "B", "C", "D", "E", "F"):
        lag = slo(stream, nats_lag=LAG | {"stream": stream})
        numbers[stream] = where([lag], stream)[0]
    first, second = next((x, y) for x in numbers for y in numbers if numbers[x] != numbers[y])
    parts = [slo(each, nats_lag=LAG | {"stream": each}) for each in (first, second)]
    with pytest.raises(BadInput, match=r"SLO shop/both: .*several shards: shop/.*engine: rules"):
        where([*parts, slo("both", composite={"of": [first, second]})], "both")
