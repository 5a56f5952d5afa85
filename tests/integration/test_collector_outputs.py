"""What the running collector hands on: to Prometheus, OTLP receivers, CloudWatch and a terminal."""

import asyncio
import json
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bcrypt
import nats
import pytest
from nats.js.api import ConsumerConfig
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics

from obs.sandbox import aws_events
from obs.sandbox.aws_faults import Fault
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.certificates import Certificates
from tests.integration.collector_process import (
    CollectorProcess,
    Sample,
    Scrape,
    collectors,
    key,
    named,
    own_labels,
    samples,
    spec_of,
)
from tests.integration.otlp_numbers import received, starts
from tests.integration.otlp_receivers import grpc_receiver, http_receiver
from tests.integration.waiting import eventually, eventually_async

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

CONSUMER = {"nats": "nats", "account": "$G", "stream": "ORDERS", "consumer": "worker"}
STILL = ("nats_consumer_", "nats_stream_", "eventbridge_", "sqs_", "slo_", "obs_build_info")
"""What holds still while there is no traffic; it is polls that move the rest."""
MOVING = (
    "nats_consumer_lag_seconds",
    "nats_consumer_lag_uncertainty_seconds",
    "nats_consumer_eviction_seconds",
    "slo_data_watermark_timestamp_seconds",
)
SLO = {
    "name": "delivery",
    "service": "oms",
    "objective": 99.0,
    "window": "7d",
    "sli": {"eventbridge": {"source": "aws", "bus": "oms-events"}},
}


def still(scrape: Scrape) -> Scrape:
    return {
        sample: value
        for prefix in STILL
        for sample, value in named(scrape, prefix).items()
        if sample[0] not in MOVING
    }


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Seven messages, of which a consumer has taken three and acknowledged two."""
    with NatsServer(tmp_path / "nats") as running:
        client = await nats.connect(running.url)
        stream = client.jetstream()
        await stream.add_stream(name="ORDERS", subjects=["orders"])
        explicit = ConsumerConfig(durable_name="worker", ack_wait=300)
        await stream.add_consumer("ORDERS", explicit)
        for _ in range(7):
            await stream.publish("orders", b"x")
        pull = await stream.pull_subscribe_bind(consumer="worker", stream="ORDERS")
        for message in (await pull.fetch(3))[:2]:
            await message.ack_sync()
        await client.close()
        yield running


@pytest.fixture
def collector(
    server: NatsServer, account: Account, tmp_path: Path, collectors: list[CollectorProcess]
) -> CollectorProcess:
    """One that watches both systems; every number of them holds still."""
    aws_events.create_oms(account.endpoint_url)
    aws = {"endpoint_url": account.faults.endpoint_url, "buses": [{"name": "oms-events"}]}
    spec = spec_of(tmp_path, nats={"monitor": [server.monitor]}, aws=aws, slos=[SLO])
    made = CollectorProcess(tmp_path, spec)
    made.clock.turn()
    points = {made.clock.minute - 600: 1000.0}
    rule = (account.endpoint_url, "oms-events", "oms-schema-changed")
    aws_events.put_rule_points(*rule, {"Invocations": points})
    aws_events.put_rule_points(*rule, {"FailedInvocations": {made.clock.minute - 600: 3.0}})
    collectors.append(made)
    return made


def burns(scrape: Scrape) -> bool:
    return key("slo_burn_rate", slo="delivery", slo_service="oms", window="1h") in scrape


@asynccontextmanager
async def receiver_of(protocol: str) -> AsyncIterator[Any]:
    if protocol == "http":
        async with http_receiver() as receiver:
            yield receiver
    else:
        with grpc_receiver() as receiver:
            yield receiver


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_an_otlp_receiver_has_the_numbers_of_metrics(
    protocol: str, collector: CollectorProcess
) -> None:
    async with receiver_of(protocol) as receiver:
        push = {"endpoint": receiver.endpoint, "protocol": protocol, "every": "1s"}
        collector.spec["outputs"]["otlp"] = push
        await asyncio.to_thread(collector.start)
        scrape = await asyncio.to_thread(collector.until, burns)
        polled = len(receiver.requests)
        await eventually_async(lambda: len(receiver.requests) > polled + 1)
        assert still(received(receiver)) == still(scrape)
        assert len(still(scrape)) > 60
        accepted = key("obs_push_points_total", sink="otlp")
        assert (await asyncio.to_thread(collector.scrape))[accepted] > len(still(scrape))
        scrape = await asyncio.to_thread(collector.scrape)
        assert scrape[key("obs_push_up", sink="otlp")] == 1.0
        assert sum(named(scrape, "obs_push_errors_total").values()) == 0.0
        assert await asyncio.to_thread(collector.stop) == 0
        if protocol == "http":
            await starts_stay_through_a_restart(collector, receiver)


async def starts_stay_through_a_restart(collector: CollectorProcess, receiver: Any) -> None:
    before = starts(receiver)
    pushed = len(receiver.requests)
    await asyncio.to_thread(collector.start)
    await asyncio.to_thread(collector.until, burns)
    await eventually_async(lambda: len(receiver.requests) > pushed + 1)
    after = starts(receiver)
    restored = (
        *("nats_consumer_delivered_total", "slo_events_total"),
        "eventbridge_invocations_total",
    )
    assert {name: after[name] for name in restored} == {name: before[name] for name in restored}
    assert all(before[name] for name in restored)
    anew = "obs_source_polls_total"  # of the process
    assert after[anew] > before[anew] > 0
    assert await asyncio.to_thread(collector.stop) == 0


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_receiver_that_is_down_is_counted_and_all_else_goes_on(
    protocol: str, collector: CollectorProcess
) -> None:
    (port,) = free_ports(1)
    push = {"endpoint": f"http://127.0.0.1:{port}", "protocol": protocol, "every": "1s"}
    collector.spec["outputs"]["otlp"] = push
    refused = key("obs_push_errors_total", sink="otlp", reason="connection")
    scrape = collector.start().until(lambda scrape: scrape[refused] >= 2)
    assert scrape[key("obs_push_up", sink="otlp")] == 0.0
    assert burns(collector.until(burns))
    scrape = collector.polls("nats")
    assert scrape[key("obs_source_up", source="nats")] == 1.0
    assert scrape[key("obs_source_up", source="aws")] == 1.0
    assert collector.get("/readyz").status == 200
    (shown,) = collector.status()["pushes"]
    assert (shown["sink"], shown["up"], shown["error_reason"]) == ("otlp", False, "connection")
    started = time.monotonic()
    assert collector.stop() == 0
    assert time.monotonic() - started < 5


def test_the_lag_that_cloudwatch_has_is_the_lag_of_metrics(
    collector: CollectorProcess, account: Account
) -> None:
    published = {"source": "aws", "namespace": "OMS/Events", "every": "1s"}
    collector.spec["outputs"]["cloudwatch"] = published
    sent = key("obs_push_points_total", sink="cloudwatch")
    scrape = collector.start().until(lambda scrape: scrape[sent] >= 2)
    lag = scrape[key("nats_consumer_lag_messages", **CONSUMER)]
    assert lag == 5.0
    pairs = [{"Name": "Stream", "Value": "ORDERS"}, {"Name": "Consumer", "Value": "worker"}]
    now = collector.clock.now
    answer = aws_events.aws("cloudwatch", account.endpoint_url).get_metric_statistics(
        Namespace="OMS/Events",
        MetricName="ConsumerLag",
        Dimensions=pairs,
        StartTime=datetime.fromtimestamp(now - 120, UTC),
        EndTime=datetime.fromtimestamp(now + 120, UTC),
        Period=60,
        Statistics=["Maximum"],
    )
    assert {point["Maximum"] for point in answer["Datapoints"]} == {lag}
    assert {point["Unit"] for point in answer["Datapoints"]} == {"Count"}
    assert scrape[key("obs_aws_requests_total", operation="PutMetricData")] >= 2
    account.faults.start_fault(Fault.THROTTLED, "PutMetricData")
    throttled = key("obs_push_errors_total", sink="cloudwatch", reason="throttled")
    scrape = collector.until(lambda scrape: scrape[throttled] >= 1)
    assert scrape[key("obs_source_up", source="aws")] == 1.0


def test_one_scrape_is_printed_with_once(collector: CollectorProcess) -> None:
    once = collector.output("--once")
    assert (once.returncode, "Traceback" in once.stderr) == (0, False)
    printed = samples(once.stdout)
    assert printed[key("nats_consumer_lag_messages", **CONSUMER)] == 5.0
    assert burns(printed)
    assert named(printed, "eventbridge_")


def test_once_says_which_source_is_down_and_prints_the_rest(
    collector: CollectorProcess, account: Account
) -> None:
    account.faults.refuse()
    once = collector.output("--once")
    assert once.returncode == 3
    printed = samples(once.stdout)
    assert printed[key("nats_consumer_lag_messages", **CONSUMER)] == 5.0
    assert printed[key("obs_source_up", source="aws")] == 0.0
    assert not named(printed, "eventbridge_")
    assert "source aws: ListEventBuses: cannot reach AWS" in once.stderr


def test_promtool_finds_nothing_wrong_with_metrics(collector: CollectorProcess) -> None:
    collector.start().until(burns)
    plain = collector.get("/metrics")
    assert plain.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = subprocess.run(
        ["promtool", "check", "metrics"],
        input=plain.text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_both_formats_hold_the_same_samples(collector: CollectorProcess) -> None:
    collector.start().until(burns)
    accept = "application/openmetrics-text; version=1.0.0"
    modern = collector.get("/metrics", Accept=accept)
    assert modern.content_type == f"{accept}; charset=utf-8"
    assert modern.text.endswith("# EOF\n")
    parse: Callable[[str], Iterator[Metric]] = openmetrics.text_string_to_metric_families
    strict = {
        (sample.name, own_labels(sample.labels.items())): float(sample.value)
        for family in parse(modern.text)
        for sample in family.samples
    }
    assert still(strict) == still(collector.scrape())
    assert len(still(strict)) > 60


class Prometheus:
    """The real one; it scrapes as configured, every half second."""

    def __init__(self, binary: str, folder: Path, scrapes: list[dict[str, Any]]) -> None:
        (port,) = free_ports(1)
        self._url = f"http://127.0.0.1:{port}"
        config = folder / "prometheus.yml"
        every = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
        config.write_text(json.dumps({"global": every, "scrape_configs": scrapes}))
        arguments = [
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        self.process = Process([binary, *arguments], folder / "prometheus.log")

    def query(self, expression: str) -> Scrape:
        """The instant vector; empty while there is no answer."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/query?{query}", timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return {}
        return {_identity(each["metric"]): float(each["value"][1]) for each in found}


def _identity(labels: dict[str, str]) -> Sample:
    name = labels.pop("__name__", "")
    labels.pop("instance", None)
    labels.pop("job", None)
    return name, own_labels(labels.items())


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Any]:
    binary = prometheus_binary()
    if binary is None:
        pytest.skip("Prometheus is not installed")
    started: list[Prometheus] = []

    def start(scrapes: list[dict[str, Any]]) -> Prometheus:
        started.append(Prometheus(binary, tmp_path, scrapes))
        started[-1].process.start()
        return started[-1]

    yield start
    for each in started:
        each.process.kill()


def target(collector: CollectorProcess) -> list[dict[str, Any]]:
    return [{"targets": [collector.url.partition("//")[2]]}]


def test_prometheus_has_the_numbers_of_metrics(
    collector: CollectorProcess, prometheus: Any
) -> None:
    scrape = collector.start().until(burns)
    server = prometheus([{"job_name": "obs", "static_configs": target(collector)}])
    eventually(lambda: server.query('up{job="obs"} == 1'))
    expected = still(scrape)
    found = eventually(
        lambda: (every := server.query('{job="obs"}')).keys() >= expected.keys() and every
    )
    assert still(found) == expected
    server.process.stop()


def test_tls_and_passwords_let_in_only_those_who_know_them(
    collector: CollectorProcess, prometheus: Any, certificates: Certificates, tmp_path: Path
) -> None:
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    web = tmp_path / "web.yml"
    tls = {"cert_file": str(certificates.server), "key_file": str(certificates.server_key)}
    web.write_text(json.dumps({"tls_server_config": tls, "basic_auth_users": {"scraper": hashed}}))
    collector.spec["outputs"]["web"]["config_file"] = str(web)
    collector.tls = ssl.create_default_context(cafile=str(certificates.ca))
    assert collector.start(ready=False).url.startswith("https://")
    assert collector.get("/metrics").status == 401
    collector.login = ("scraper", "wrong")
    assert collector.get("/metrics").status == 401
    collector.login = ("scraper", "open sesame")
    eventually(lambda: collector.get("/readyz").status == 200)
    plain = urllib.request.Request(collector.url.replace("https", "http") + "/metrics")
    with pytest.raises(OSError):  # noqa: PT011  whatever the library makes of it
        urllib.request.urlopen(plain, timeout=5)
    secure = {
        "job_name": "obs",
        "scheme": "https",
        "tls_config": {"ca_file": str(certificates.ca)},
        "basic_auth": {"username": "scraper", "password": "open sesame"},
        "static_configs": target(collector),
    }
    nameless = {**secure, "job_name": "nameless"}
    del nameless["basic_auth"]
    server = prometheus([secure, nameless])
    eventually(lambda: len(server.query("up")) and server.query('up{job="obs"} == 1'))
    eventually(lambda: server.query('up{job="nameless"} == 0'))
    assert "open sesame" not in collector.log + collector.get("/api/v1/status").text


def test_a_wrong_web_configuration_is_bad_input_and_leaves_no_state_locked(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    web = tmp_path / "web.yml"
    web.write_text(json.dumps({"basic_auth_users": {"scraper": "not hashed"}}))
    collector.spec["outputs"]["web"]["config_file"] = str(web)
    refused = collector.output()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "web.yml" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "not hashed" not in refused.stderr
    del collector.spec["outputs"]["web"]["config_file"]
    collector.start()


def test_a_port_in_use_is_bad_input_reported_in_one_line(
    collector: CollectorProcess, server: NatsServer
) -> None:
    refused = collector.output("--listen", f"127.0.0.1:{server.port}")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(
        f"cannot listen on 127.0.0.1:{server.port}: the port is in use"
    )
    assert refused.stderr.count("\n") == 1
    collector.start()


def test_the_cost_told_beforehand_is_that_of_the_series_that_are_published(
    collector: CollectorProcess, account: Account
) -> None:
    metrics = ["nats_stream_bytes", "nats_server_jetstream_*", "obs_source_up"]
    published = {"source": "aws", "namespace": "OMS/Events", "every": "1s", "metrics": metrics}
    collector.spec["outputs"]["cloudwatch"] = published
    told = json.loads(collector.output("--dry-run", "--format", "json").stdout)
    lines = [line for source in told["sources"] for line in source["lines"]]
    (custom,) = (line for line in lines if line["what"] == "custom metrics")
    sent = key("obs_push_points_total", sink="cloudwatch")
    collector.start().until(lambda scrape: scrape[sent] > custom["units"])
    made = aws_events.aws("cloudwatch", account.endpoint_url).list_metrics(Namespace="OMS/Events")
    assert len(made["Metrics"]) == custom["units"]
    names = {each["MetricName"] for each in made["Metrics"]}
    assert {"StreamBytes", "ServerJetstreamApiRequests", "ObsSourceUp"} <= names
