"""What the spec names and is not there: page, readiness, log and metrics, and when it is there."""

import asyncio
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from obs.sandbox import aws_events
from obs.sandbox.aws_faults import Fault
from obs.sandbox.nats_server import NatsServer
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.waiting import eventually

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

Started = list[CollectorProcess]
LAG = {"source": "nats", "stream": "ORDERS", "consumer": "wroker", "max_seconds": "30s"}


def create(server: NatsServer, *consumers: str) -> None:
    """A stream with these consumers."""

    async def created() -> None:
        client = await nats.connect(server.url)
        js = client.jetstream()
        await js.add_stream(StreamConfig(name="ORDERS", subjects=["orders.>"]))
        for name in consumers:
            await js.add_consumer("ORDERS", ConsumerConfig(durable_name=name))
        await client.close()

    asyncio.run(created())


def watching(started: Started, folder: Path, **spec: Any) -> CollectorProcess:
    collector = CollectorProcess(folder, spec_of(folder, **spec))
    started.append(collector)
    return collector.start()


def missing(kind: str, name: str, source: str = "aws") -> Any:
    return key("obs_spec_object_missing", source=source, kind=kind, object=name)


def headline(collector: CollectorProcess) -> str:
    return str(collector.status()["verdict"]["headline"])


def test_a_mistyped_consumer_is_told_until_it_exists(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    create(nats_server, "worker")
    slo = {"name": "d", "service": "t", "objective": 99, "sli": {"nats_lag": LAG}}
    source = {"monitor": [nats_server.monitor]}
    collector = watching(collectors, tmp_path / "obs", nats=source, slos=[slo])
    scrape = collector.polls("nats")
    assert headline(collector) == (
        "Consumer ORDERS/wroker, which the spec names, does not exist in source nats; "
        "did you mean worker?"
    )
    assert scrape[missing("consumer", "ORDERS/wroker", "nats")] == 1
    assert scrape[missing("stream", "ORDERS", "nats")] == 0
    assert collector.get("/readyz").status == 200  # the collector itself works
    collector.polls("nats", 3)
    collector.logged("does not exist", times=1)
    collector.logged("slos[0].sli.nats_lag.consumer: Consumer ORDERS/wroker")

    create(nats_server, "wroker")
    collector.until(lambda scrape: scrape[missing("consumer", "ORDERS/wroker", "nats")] == 0)
    collector.logged("exists now")
    assert collector.status()["verdict"]["level"] == "ok"


def test_an_slo_that_never_had_data_has_a_series_that_its_alert_begins_with(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    create(nats_server)
    slo = {"name": "d", "service": "t", "objective": 99, "sli": {"nats_lag": LAG}}
    source = {"monitor": [nats_server.monitor]}
    collector = watching(collectors, tmp_path / "obs", nats=source, slos=[slo])
    labels = {"slo": "d", "slo_service": "t"}
    scrape = collector.scrape()
    assert scrape[key("slo_asked_since_timestamp_seconds", **labels)] <= collector.clock.now
    assert key("slo_data_watermark_timestamp_seconds", **labels) not in scrape
    collector.clock.shift = 16 * 60
    texts = eventually(
        lambda: [
            problem["text"]
            for problem in collector.status()["verdict"]["problems"]
            if problem["kind"] == "slo"
        ]
    )
    assert texts == ["d: no data arrives"]


def test_a_stream_a_consumer_and_a_glob_that_match_nothing_are_told_each(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    create(nats_server, "worker")
    source = {
        "monitor": [nats_server.monitor],
        "streams": {"include": ["ORDERS", "ODRERS", "audit-*"]},
        "consumers": {"include": ["work*", "printer"]},
        "expects": {"ORDERS": {"consumers": {"printer": {}}}},
    }
    collector = watching(collectors, tmp_path / "obs", nats=source)
    scrape = collector.polls("nats")
    texts = [problem["text"] for problem in collector.status()["verdict"]["problems"]]
    assert texts == [
        "Stream ODRERS, which the spec names, does not exist in source nats; did you mean ORDERS?",
        "Consumer printer, which the spec names, does not exist in source nats",
        "Consumer ORDERS/printer, which the spec names, does not exist in source nats",
        "No stream in source nats matches audit-*, which the spec names",
    ]
    assert headline(collector) == "3 problems need attention now"
    assert scrape[missing("stream", "audit-*", "nats")] == 2


def test_a_consumer_that_is_summed_up_in_its_stream_is_not_missing(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    create(nats_server)

    async def subscribe() -> Any:
        client = await nats.connect(nats_server.url)
        config = ConsumerConfig(name="wroker", inactive_threshold=600)
        await client.jetstream().add_consumer("ORDERS", config)
        await client.close()

    asyncio.run(subscribe())
    slo = {"name": "d", "service": "t", "objective": 99, "sli": {"nats_lag": LAG}}
    source = {"monitor": [nats_server.monitor]}
    collector = watching(collectors, tmp_path / "obs", nats=source, slos=[slo])
    scrape = collector.polls("nats")
    assert scrape[missing("consumer", "ORDERS/wroker", "nats")] == 0


def test_a_server_without_any_stream_is_not_well(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    source = {"monitor": [nats_server.monitor]}
    collector = watching(collectors, tmp_path / "obs", nats=source)
    assert headline(collector) == "Source nats has no stream: nothing is monitored"


def test_a_server_that_does_not_answer_makes_no_name_missing(
    nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    create(nats_server, "wroker")
    slo = {"name": "d", "service": "t", "objective": 99, "sli": {"nats_lag": LAG}}
    source = {"monitor": [nats_server.monitor]}
    collector = watching(collectors, tmp_path / "obs", nats=source, slos=[slo])
    collector.polls("nats")
    nats_server.stop()
    scrape = collector.until(lambda scrape: scrape[key("obs_source_up", source="nats")] == 0)
    assert scrape[missing("consumer", "ORDERS/wroker", "nats")] == 0
    assert "does not exist" not in collector.log


def rules_of(account: Account, **fields: Any) -> dict[str, Any]:
    return {"endpoint_url": account.faults.endpoint_url, "inventory_every": "1s"} | fields


@pytest.mark.parametrize(
    ("fields", "kind", "name", "said"),
    [
        (
            {"buses": [{"name": "oms-event"}]},
            *("bus", "oms-event", "does not exist in us-east-1; did you mean oms-events?"),
        ),
        (
            {"buses": [{"name": "oms-events", "rules": ["oms-schema-chnged"]}]},
            *("rule", "oms-events/oms-schema-chnged", "did you mean oms-schema-changed?"),
        ),
        (
            {"buses": [{"name": "oms-events", "rules": ["*", "billing-*"]}]},
            *("rule", "oms-events/billing-*", "No rule in us-east-1 matches"),
        ),
        (
            {"buses": [{"name": "shop-*"}]},
            *("bus", "shop-*", "No bus in us-east-1 matches shop-*, which the spec names"),
        ),
        (
            {"queues": ["oms-events-dql"]},
            *("queue", "oms-events-dql", "did you mean oms-events-dlq?"),
        ),
    ],
)
def test_a_mistyped_name_in_aws_is_told_with_the_near_name(
    account: Account,
    tmp_path: Path,
    collectors: Started,
    fields: dict[str, Any],
    kind: str,
    name: str,
    said: str,
) -> None:
    aws_events.create_oms(account.endpoint_url)
    collector = watching(collectors, tmp_path / "obs", aws=rules_of(account, **fields))
    assert said in headline(collector)
    assert collector.scrape()[missing(kind, name)] == (2 if "*" in name else 1)
    assert collector.get("/readyz").status == 200
    collector.logged("which the spec names", times=1)


def test_an_slo_on_a_mistyped_rule_has_no_data_and_one_on_a_quiet_rule_has(
    account: Account, tmp_path: Path, collectors: Started
) -> None:
    aws_events.create_oms(account.endpoint_url)
    slos = [
        {
            "name": name,
            "service": "t",
            "objective": 99,
            "sli": {"eventbridge": {"source": "aws", "bus": "oms-events", "rules": [rule]}},
        }
        for name, rule in (("mistyped", "oms-schema-chnged"), ("quiet", "oms-schema-changed"))
    ]
    collector = watching(collectors, tmp_path / "obs", aws=rules_of(account), slos=slos)
    watermark = "slo_data_watermark_timestamp_seconds"
    scrape = collector.until(lambda scrape: key(watermark, slo="quiet", slo_service="t") in scrape)
    assert key(watermark, slo="mistyped", slo_service="t") not in scrape
    assert key("slo_asked_since_timestamp_seconds", slo="mistyped", slo_service="t") in scrape
    collector.clock.shift = 16 * 60

    def silent() -> list[str]:
        problems = collector.status()["verdict"]["problems"]
        return [problem["name"] for problem in problems if problem["kind"] == "slo"]

    eventually(lambda: silent() == ["mistyped"])


def test_a_bus_in_another_region_is_missing_and_its_rules_are_not_told_as_well(
    account: Account, tmp_path: Path, collectors: Started
) -> None:
    aws_events.create_oms(account.endpoint_url)
    buses = [{"name": "oms-events", "rules": ["oms-schema-changed"]}]
    source = rules_of(account, region="eu-central-1", buses=buses)
    collector = watching(collectors, tmp_path / "obs", aws=source)
    assert headline(collector) == (
        "Bus oms-events, which the spec names, does not exist in eu-central-1"
    )
    assert missing("rule", "oms-events/oms-schema-changed") not in collector.scrape()


def test_a_bus_that_is_deployed_later_is_no_longer_missing(
    account: Account, tmp_path: Path, collectors: Started
) -> None:
    source = rules_of(account, buses=[{"name": "oms-events", "rules": ["oms-schema-changed"]}])
    collector = watching(collectors, tmp_path / "obs", aws=source)
    collector.until(lambda scrape: scrape.get(missing("bus", "oms-events")) == 1)
    aws_events.create_oms(account.endpoint_url)
    rule = missing("rule", "oms-events/oms-schema-changed")
    collector.until(lambda scrape: scrape.get(rule) == 0)
    assert collector.scrape()[missing("bus", "oms-events")] == 0
    assert headline(collector) == "All is well"


@pytest.mark.parametrize("operation", ["ListEventBuses", "ListRules", "ListQueues"])
def test_a_listing_that_is_denied_makes_no_name_missing(
    account: Account, tmp_path: Path, collectors: Started, operation: str
) -> None:
    aws_events.create_oms(account.endpoint_url)
    buses = [{"name": "oms-events", "rules": ["oms-schema-changed"]}]
    source = rules_of(account, buses=buses, queues=["oms-events-dlq"])
    collector = watching(collectors, tmp_path / "obs", aws=source)
    account.faults.start_fault(Fault.DENIED, operation)
    listed = account.faults.seen.get(operation, 0)
    eventually(lambda: account.faults.seen.get(operation, 0) > listed + 2)
    collector.polls("aws")
    assert collector.scrape()[missing("bus", "oms-events")] == 0
    assert collector.scrape()[missing("queue", "oms-events-dlq")] == 0
    assert "does not exist" not in collector.log


def test_a_rule_that_the_spec_names_and_that_is_disabled_is_told(
    account: Account, tmp_path: Path, collectors: Started
) -> None:
    aws_events.create_oms(account.endpoint_url)
    buses = [{"name": "oms-events", "rules": ["oms-schema-changed"]}]
    collector = watching(collectors, tmp_path / "obs", aws=rules_of(account, buses=buses))
    assert headline(collector) == "All is well"
    events = aws_events.aws("events", account.endpoint_url)
    events.disable_rule(Name="oms-schema-changed", EventBusName="oms-events")
    said = (
        "Rule oms-events/oms-schema-changed, which the spec names, is disabled: it delivers nothing"
    )
    eventually(lambda: headline(collector) == said)
    events.enable_rule(Name="oms-schema-changed", EventBusName="oms-events")
    eventually(lambda: headline(collector) == "All is well")
