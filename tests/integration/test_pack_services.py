"""The rigs of packs: real exporters and services whose metrics have the names that packs use."""

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, AwsEmulator
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.aws_fixtures import emulator
from tests.integration.pack_services import cloudwatch
from tests.integration.pack_services.exporters import Exporter, sql
from tests.integration.pack_services.fixtures import MAX_CONNECTIONS, MAX_MEMORY
from tests.integration.pack_services.http_service import HttpService, http_service
from tests.integration.pack_services.language_model import LlmService, llm_service
from tests.integration.pack_services.recorded import Exposition, exposition
from tests.integration.pack_services.resilience import ResilientService, resilient_service
from tests.integration.pack_services.shapes import (
    CADVISOR,
    MANAGED,
    RESILIENCE4J,
    STACKDRIVER,
    breaker_of_java,
    cloud_run,
    cloud_run_types,
    container,
    of_container,
)
from tests.integration.pack_services.telemetry import load
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.waiting import eventually

__all__ = ["emulator"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no Prometheus is installed"),
]

TYPES = CADVISOR | RESILIENCE4J | cloud_run_types(STACKDRIVER) | cloud_run_types(MANAGED)
FAILING = "HalfOfTheOrdersFail"
RULES = {
    "groups": [
        {
            "name": "rigs",
            "rules": [
                {
                    "alert": FAILING,
                    "expr": 'sum(rate(http_server_request_duration_seconds_count{error_type!=""}'
                    "[3s])) / sum(rate(http_server_request_duration_seconds_count[3s])) > 0.25",
                }
            ],
        }
    ]
}


@dataclass(frozen=True)
class Rigs:
    """What runs, and the Prometheus that scrapes it."""

    prometheus: Watching
    http: HttpService
    llm: LlmService
    resilient: ResilientService
    recorded: Exposition

    def has(self, job: str, names: str) -> None:
        """Each `name{label,…}` is there with at least these labels."""
        found = self.prometheus.labels(job)
        for name, labels in re.findall(r"([\w:]+)(?:\{([\w,]+)\})?", names):
            assert name in found, name
            assert set(labels.split(",")) - {""} <= found[name], (name, found[name])


@pytest.fixture(scope="module")
def rigs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rigs]:
    folder = tmp_path_factory.mktemp("rigs")
    (folder / "rules.yml").write_text(json.dumps(RULES))
    running = {}
    for name in ("node", "redis", "postgres"):
        with contextlib.suppress(pytest.skip.Exception):  # its test tells
            running[name] = request.getfixturevalue(f"{name}_rig")
    with ExitStack() as stack:
        enter = stack.enter_context
        http, llm, resilient = (
            enter(http_service()),
            enter(llm_service()),
            enter(resilient_service()),
        )
        recorded = enter(exposition(TYPES))
        for path in ("/orders/1", "/healthz", "/nowhere"):
            http.get(path)
        llm.ask()
        llm.model.status = 429
        llm.ask()
        resilient.call()
        container(recorded, "api", time.time())
        cloud_run(recorded, "ion")
        cloud_run(recorded, "ion", MANAGED)
        breaker_of_java(recorded, "payments")
        targets = {name: each.target for name, each in running.items()}
        targets |= {"http": http.target, "llm": llm.target}
        targets |= {"resilient": resilient.target, "recorded": recorded.target}
        prometheus = enter(
            watching(folder, targets, rules=str(folder / "rules.yml"), every="500ms")
        )
        yield Rigs(prometheus, http, llm, resilient, recorded)


@pytest.mark.usefixtures("node_rig")
def test_node_exporter_has_what_the_host_pack_reads(rigs: Rigs) -> None:
    rigs.has(
        "node",
        "node_cpu_seconds_total{cpu,mode} node_memory_MemAvailable_bytes node_memory_MemTotal_bytes"
        " node_filesystem_avail_bytes{device,fstype,mountpoint}"
        " node_filesystem_size_bytes{device,fstype,mountpoint}"
        " node_filesystem_files_free{device,fstype,mountpoint}"
        " node_filefd_allocated node_filefd_maximum node_timex_sync_status"
        " node_timex_offset_seconds node_load1 node_boot_time_seconds node_vmstat_oom_kill",
    )


def test_redis_exporter_has_what_a_cache_is_judged_by(rigs: Rigs, redis_rig: Exporter) -> None:
    rigs.has(
        "redis",
        "redis_up redis_memory_used_bytes redis_memory_max_bytes redis_connected_clients"
        " redis_keyspace_hits_total redis_keyspace_misses_total redis_evicted_keys_total"
        " redis_rejected_connections_total redis_instance_info{role}",
    )
    assert rigs.prometheus.value("redis_memory_max_bytes") == MAX_MEMORY
    with socket.create_connection(("127.0.0.1", redis_rig.port)) as redis:
        redis.sendall(b"GET absent\r\n")
        assert redis.recv(100) == b"$-1\r\n"
        eventually(lambda: rigs.prometheus.value("redis_keyspace_misses_total") == 1)


def test_postgres_exporter_has_what_a_database_is_judged_by(
    rigs: Rigs, postgres_rig: Exporter
) -> None:
    rigs.has(
        "postgres",
        "pg_up pg_settings_max_connections pg_stat_activity_count{datname,state}"
        " pg_stat_database_numbackends{datname} pg_stat_database_xact_commit{datname}"
        " pg_stat_database_deadlocks{datname} pg_database_size_bytes{datname}",
    )
    assert rigs.prometheus.value("pg_up") == 1
    assert rigs.prometheus.value("pg_settings_max_connections") == MAX_CONNECTIONS
    assert sql(postgres_rig.port, "show max_connections") == f"{MAX_CONNECTIONS}\n"


def test_a_service_under_opentelemetry_has_request_durations_by_route_and_status(
    rigs: Rigs,
) -> None:
    labels = "http_request_method,http_response_status_code,http_route,url_scheme"
    rigs.has(
        "http",
        f"http_server_request_duration_seconds_bucket{{{labels},le}}"
        f" http_server_request_duration_seconds_count{{{labels}}}"
        " http_server_active_requests{http_request_method,url_scheme}"
        " process_open_fds target_info{service_name}",
    )
    count = "http_server_request_duration_seconds_count"
    assert rigs.prometheus.value(f'{count}{{http_route="",http_response_status_code="404"}}') == 1
    bucket = 'http_server_request_duration_seconds_bucket{http_route="/healthz",le="0.5"}'
    assert rigs.prometheus.value(bucket) == 1


def test_orders_under_load_fail_and_become_slow_when_a_test_says_so(rigs: Rigs) -> None:
    p95 = (
        "histogram_quantile(0.95,"
        " sum by (le) (rate(http_server_request_duration_seconds_bucket[3s])))"
    )
    rigs.http.failing = 2
    with load(rigs.http.order):
        eventually(lambda: FAILING in rigs.prometheus.firing())
        rigs.http.failing, rigs.http.slow = 0, 0.6
        eventually(lambda: [value for _, value in rigs.prometheus.query(p95) if value > 0.5])
        rigs.http.slow = 0.0
        eventually(lambda: FAILING not in rigs.prometheus.firing())
    rigs.http.limited, rigs.http.ready = True, False
    assert (rigs.http.order(), rigs.http.get("/readyz"), rigs.http.get("/healthz")) == (
        429,
        503,
        200,
    )


def test_a_service_that_calls_a_model_has_tokens_and_durations_by_model_and_error(
    rigs: Rigs,
) -> None:
    labels = "gen_ai_operation_name,gen_ai_provider_name,gen_ai_request_model"
    rigs.has(
        "llm",
        f"gen_ai_client_operation_duration_seconds_count{{{labels},error_type}}"
        f" gen_ai_client_operation_time_to_first_chunk_seconds_bucket{{{labels},le}}"
        f" gen_ai_client_token_usage_sum{{{labels},gen_ai_token_type}}",
    )
    sums = rigs.prometheus.query("gen_ai_client_token_usage_sum")
    assert {labels["gen_ai_token_type"]: value for labels, value in sums} == {
        "input": 1000,
        "output": 200,
    }
    limited = 'gen_ai_client_operation_duration_seconds_count{error_type="429"}'
    assert rigs.prometheus.value(limited) == 1


def test_a_breaker_opens_after_exhausted_retries_and_dead_letters_are_counted(rigs: Rigs) -> None:
    rigs.resilient.broken = True
    assert not rigs.resilient.call()
    assert not rigs.resilient.call()
    rigs.resilient.limit(False)
    is_open = 'circuit_breaker_state{state="open"}'
    eventually(lambda: rigs.prometheus.value(is_open) == 1)
    expected = {
        'retry_calls_total{outcome="first_try"}': 1,
        'retry_calls_total{outcome="exhausted"}': 2,
        'circuit_breaker_transitions_total{to="open"}': 1,
        'circuit_breaker_calls_total{outcome="failure"}': 3,
        'circuit_breaker_calls_total{outcome="rejected"}': 1,
        'rate_limit_requests_total{outcome="limited"}': 1,
        "dead_letter_queue_messages": 2,
    }
    assert {series: rigs.prometheus.value(series) for series in expected} == expected
    rigs.resilient.reprocess()
    eventually(lambda: rigs.prometheus.value("dead_letter_queue_messages") == 0)
    assert rigs.prometheus.value("dead_letters_reprocessed_total") == 2


def test_recorded_expositions_have_the_values_that_a_test_sets(rigs: Rigs) -> None:
    revision = "service_name,revision_name,location,project_id"
    for prefix in (STACKDRIVER, MANAGED):
        rigs.has(
            "recorded",
            f"{prefix}request_count{{{revision},response_code_class}}"
            f" {prefix}request_latencies_bucket{{{revision},le}}"
            f" {prefix}container_instance_count{{{revision},state}}",
        )
    rigs.has(
        "recorded",
        "container_memory_working_set_bytes{id,image,name} container_fs_usage_bytes{device,name}"
        " resilience4j_circuitbreaker_state{name,state} resilience4j_retry_calls_total{name,kind}",
    )
    latencies = f"sum by (le) ({STACKDRIVER}request_latencies_bucket)"
    assert 108 < rigs.prometheus.value(f"histogram_quantile(0.95, {latencies})") < 132
    memory = of_container("container_memory_working_set_bytes", "api")
    rigs.recorded.set(memory, 2.0**30)
    rigs.recorded.remove(of_container("container_last_seen", "api"))
    breaker_of_java(rigs.recorded, "payments", "open")
    eventually(lambda: rigs.prometheus.value(memory) == 2.0**30)
    eventually(lambda: not rigs.prometheus.query("container_last_seen"))
    assert rigs.prometheus.value("resilience4j_circuitbreaker_state == 1") == 1


def test_cloudwatch_has_each_metric_in_the_shape_that_aws_publishes(emulator: AwsEmulator) -> None:
    emulator.reset()
    url, minute = emulator.endpoint_url, int(datetime.now(UTC).timestamp()) // 300 * 300 - 600
    nothing_then_five = {minute: 0, minute + 60: 5}
    for (namespace, metric), shape in cloudwatch.SHAPES.items():
        of = dict.fromkeys(shape.dimensions, "kb")
        cloudwatch.feed(url, namespace, metric, nothing_then_five, **of)
    balancer, domain = {"LoadBalancer": "app/kb/1"}, {"DomainName": "kb", "ClientId": ACCOUNT}
    samples = {minute: [0.1] * 18 + [0.9] * 2}
    cloudwatch.feed(url, "AWS/ApplicationELB", "TargetResponseTime", samples, **balancer)
    cloudwatch.feed(url, "AWS/ES", "ClusterStatus.red", nothing_then_five, DomainName="kb")

    def read(namespace: str, metric: str, statistic: str, of: dict[str, str]) -> list[float]:
        named = [{"Name": name, "Value": value} for name, value in of.items()]
        stat = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
        query = {"Metric": stat, "Period": 60, "Stat": statistic}
        answer = aws_events.aws("cloudwatch", url).get_metric_data(
            MetricDataQueries=[{"Id": "a", "MetricStat": query}],
            StartTime=datetime.fromtimestamp(minute, UTC),
            EndTime=datetime.fromtimestamp(minute + 300, UTC),
            ScanBy="TimestampAscending",
        )
        values: list[float] = answer["MetricDataResults"][0]["Values"]
        return values

    balanced = "AWS/ApplicationELB"
    assert read(balanced, "TargetResponseTime", "p95", balancer) == [0.9]
    assert read(balanced, "TargetResponseTime", "p50", balancer) == [0.1]
    assert read("AWS/ES", "ClusterStatus.red", "Maximum", domain) == [0, 5]
    assert read("AWS/ES", "ClusterStatus.red", "Maximum", {"DomainName": "kb"}) == []
    kb = {"LoadBalancer": "kb"}
    assert read(balanced, "RequestCount", "Sum", kb) == [5], "a minute without requests has none"
    database = {"DBInstanceIdentifier": "kb"}
    assert read("AWS/RDS", "CPUUtilization", "Average", database) == [0, 5]
    assert read("AWS/RDS", "CPUCreditBalance", "Average", database) == [0], "every five minutes"
