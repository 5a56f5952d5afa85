import asyncio
import logging
import math
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, NumberDataPoint
from prometheus_client.parser import text_string_to_metric_families

from obs.catalogue import aws, nats, own
from obs.errors import SourceError
from obs.families.family import Family, Rows, single
from obs.sinks.exposition import Exposition
from obs.sinks.otlp import Identity, OtlpSink, open_otlp
from obs.sinks.process import ProcessMetrics
from obs.sinks.pushed import Pushed
from obs.spec.otlp import Otlp
from tests.integration.otlp_receivers import (
    Certificate,
    GrpcReceiver,
    HttpReceiver,
    Received,
    certificate,
    grpc_receiver,
    http_receiver,
)
from tests.integration.waiting import PATIENCE

pytestmark = pytest.mark.integration

AT = 1_790_000_000.0
SINCE = AT - 3600
CONSUMERS = Rows(("main", "$G", f"S{n % 3}", f'c"{n}\\é\n') for n in range(300))
RULES = Rows([("main", "oms-events", "oms-schema-changed")])


@pytest.fixture
async def http() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def rpc() -> Iterator[GrpcReceiver]:
    with grpc_receiver() as receiver:
        yield receiver


@pytest.fixture
def self_signed(tmp_path: Path) -> Certificate:
    return certificate(tmp_path)


LABELS = (("environment", "production"), ("system", "oms"))


def sink(endpoint: str, protocol: str, timeout: str = "5s", **fields: object) -> OtlpSink:
    given = {"endpoint": endpoint, "protocol": protocol, "timeout": timeout, "every": "1s"}
    return open_otlp(
        Otlp.model_validate({**given, **fields}), Identity("oms", "production", "host-1", LABELS)
    )


def families() -> list[Family]:
    lags = [n if n % 7 else None for n in range(len(CONSUMERS))]
    drains = [math.inf if n % 2 else n / 3 for n in range(len(CONSUMERS))]
    return [
        Family(nats.LAG_MESSAGES, CONSUMERS, lags),
        Family(nats.DRAIN_SECONDS, CONSUMERS, drains),
        Family(nats.DELIVERED, CONSUMERS, list(range(len(CONSUMERS))), SINCE),
        Family(aws.FAILED_INVOCATIONS, RULES, [3], SINCE),
        Family(own.BUILD_INFO, Rows([("0.1", "3.11")]), [1]),
        single(own.AWS_COST, 4.25),
        *ProcessMetrics().families(),
    ]


def number(point: NumberDataPoint) -> float:
    return float(getattr(point, str(point.WhichOneof("value"))))


def pushed(received: Received) -> dict[tuple[str, ...], float]:
    found = {}
    for metric in received.metrics.values():
        data = metric.sum if metric.HasField("sum") else metric.gauge
        for point in data.data_points:
            labels = (f"{a.key}={a.value.string_value}" for a in point.attributes)
            found[metric.name, *sorted(labels)] = number(point)
    return found


def exposed(given: list[Family]) -> dict[tuple[str, ...], float]:
    exposition = Exposition(LABELS)
    exposition.update("all", given)
    text = exposition.body(openmetrics=False, gzip=False).decode()
    return {
        (sample.name, *sorted(f"{key}={value}" for key, value in sample.labels.items())): float(
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def check_everything(received: Received, given: list[Family], outcome: Pushed) -> None:
    """The receiver has exactly the exposition's samples, with what Prometheus cannot say."""
    expected = exposed(given)
    assert pushed(received) == expected
    assert outcome == Pushed(len(expected))
    assert outcome.accepted > 800
    failed = received.metrics["eventbridge_failed_invocations_total"]
    assert failed.sum.is_monotonic
    assert failed.sum.aggregation_temporality == (
        AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    (point,) = failed.sum.data_points
    assert (point.start_time_unix_nano, point.time_unix_nano) == (SINCE * 10**9, AT * 10**9)
    assert received.metrics["nats_consumer_lag_messages"].unit == "{message}"
    assert received.metrics["nats_consumer_drain_seconds"].unit == "s"
    assert received.metrics["obs_build_info"].HasField("gauge")
    (origin,) = received.requests[0].resource_metrics
    attributes = {a.key: a.value.string_value for a in origin.resource.attributes}
    assert attributes["service.name"] == "obs"
    assert attributes["deployment.environment.name"] == "production"


async def refused(sink: OtlpSink) -> SourceError:
    outcome = await asyncio.to_thread(sink.push, families(), AT)
    sink.close()
    assert outcome.failure is not None
    return outcome.failure


async def test_over_http_the_receiver_has_the_numbers_of_the_exposition(
    http: HttpReceiver,
) -> None:
    given = families()
    outcome = await asyncio.to_thread(sink(http.endpoint, "http").push, given, AT)
    check_everything(http, given, outcome)


async def test_over_grpc_the_receiver_has_the_numbers_of_the_exposition(
    rpc: GrpcReceiver,
) -> None:
    given = families()
    outcome = await asyncio.to_thread(sink(rpc.endpoint, "grpc").push, given, AT)
    check_everything(rpc, given, outcome)


async def test_many_consumers_arrive_in_several_requests(
    http: HttpReceiver, rpc: GrpcReceiver
) -> None:
    rows = Rows(("main", "$G", "S", f"consumer-{n}") for n in range(60_000))
    family = Family(nats.LAG_MESSAGES, rows, list(range(60_000)))
    for receiver, protocol in ((http, "http"), (rpc, "grpc")):
        push = sink(receiver.endpoint, protocol, "60s").push
        assert await asyncio.to_thread(push, [family], AT) == Pushed(60_000)
        assert len(receiver.requests) == 3


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_headers_come_from_the_file_as_it_is_now(
    protocol: str, http: HttpReceiver, rpc: GrpcReceiver, tmp_path: Path
) -> None:
    receiver = http if protocol == "http" else rpc
    file = tmp_path / "headers"
    push = sink(receiver.endpoint, protocol, headers_file=str(file)).push
    for token in ("first", "second"):
        file.write_text(f"Authorization: Bearer {token}\n")
        await asyncio.to_thread(push, families(), AT)
        assert receiver.headers["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_secret_header_is_neither_logged_nor_in_the_error(
    protocol: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "headers"
    file.write_text("authorization: hunter2\u007f\n")
    error = await refused(sink("http://127.0.0.1:9", protocol, headers_file=str(file)))
    assert "hunter2" not in str(error) + caplog.text


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_receiver_that_is_down_is_reported_at_once(protocol: str) -> None:
    with socket.socket() as bound:  # bound, so that nobody else listens there
        bound.bind(("127.0.0.1", 0))
        started = time.monotonic()
        error = await refused(sink(f"http://127.0.0.1:{bound.getsockname()[1]}", protocol))
        assert error.reason == "connection"
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_receiver_that_hangs_holds_a_push_no_longer_than_the_timeout(
    protocol: str, http: HttpReceiver, rpc: GrpcReceiver
) -> None:
    receiver = http if protocol == "http" else rpc
    receiver.hang = True
    started = time.monotonic()
    error = await refused(sink(receiver.endpoint, protocol, "300ms"))
    assert error.reason == "timeout"
    assert 0.3 <= time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "auth"),
        (403, "auth"),
        (429, "throttled"),
        (302, "http_status"),
        (400, "http_status"),
        (503, "http_status"),
        (504, "timeout"),
    ],
)
async def test_an_http_status_becomes_a_reason(
    http: HttpReceiver, status: int, reason: str
) -> None:
    http.status = status
    error = await refused(sink(http.endpoint, "http"))
    assert (error.reason, str(error)) == (
        reason,
        f"{http.endpoint}/v1/metrics: HTTP status {status}",
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "auth"),
        (grpc.StatusCode.PERMISSION_DENIED, "auth"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "throttled"),
        (grpc.StatusCode.UNAVAILABLE, "connection"),
        (grpc.StatusCode.INVALID_ARGUMENT, "http_status"),
    ],
)
async def test_a_grpc_status_becomes_a_reason(
    rpc: GrpcReceiver, code: grpc.StatusCode, reason: str
) -> None:
    rpc.code = code
    error = await refused(sink(rpc.endpoint, "grpc"))
    assert error.reason == reason
    assert code.name in str(error)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_rejected_points_are_reported(
    protocol: str, http: HttpReceiver, rpc: GrpcReceiver
) -> None:
    receiver = http if protocol == "http" else rpc
    receiver.rejected = 7
    error = await refused(sink(receiver.endpoint, protocol))
    assert error.reason == "partial"
    assert "too old" in str(error)


async def test_an_answer_that_is_a_web_page_is_not_taken_for_success(http: HttpReceiver) -> None:
    http.kind, http.body = "text/html", b"<html>welcome</html>"
    assert (await refused(sink(http.endpoint, "http"))).reason == "decode"
    http.kind = "application/x-protobuf"
    assert (await refused(sink(http.endpoint, "http"))).reason == "decode"


async def test_an_empty_answer_is_success(http: HttpReceiver) -> None:
    http.body = b""
    assert (
        await asyncio.to_thread(sink(http.endpoint, "http").push, families(), AT)
    ).accepted > 800


async def test_an_endpoint_with_the_signal_s_path_is_used_as_it_is(http: HttpReceiver) -> None:
    push = sink(f"{http.endpoint}/v1/metrics", "http").push
    assert (await asyncio.to_thread(push, families(), AT)).accepted > 800


async def test_over_grpc_a_receiver_that_comes_back_is_found_again(rpc: GrpcReceiver) -> None:
    with grpc_receiver() as first:
        port = first.port
        pusher = sink(first.endpoint, "grpc")
        await asyncio.to_thread(pusher.push, families(), AT)
    assert (await asyncio.to_thread(pusher.push, families(), AT)).failure is not None
    with grpc_receiver(port) as second:
        deadline = time.monotonic() + PATIENCE
        while not second.requests and time.monotonic() < deadline:
            if (await asyncio.to_thread(pusher.push, families(), AT)).failure:
                await asyncio.sleep(0.1)
        assert second.requests
    pusher.close()


async def test_http_over_tls_proves_both_sides(
    self_signed: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self_signed.cert_file)
    context.load_cert_chain(self_signed.cert_file, self_signed.key_file)
    context.verify_mode = ssl.CERT_REQUIRED
    pair = {"cert_file": self_signed.cert_file, "key_file": self_signed.key_file}
    async with http_receiver(context) as receiver:
        secure = receiver.endpoint.replace("http", "https")
        trusted = sink(secure, "http", tls={"ca_file": self_signed.cert_file, **pair})
        assert (await asyncio.to_thread(trusted.push, families(), AT)).accepted > 800
        assert (await refused(sink(secure, "http", tls=pair))).reason == "connection"
        nameless = sink(secure, "http", tls={"ca_file": self_signed.cert_file})
        assert (await refused(nameless)).reason == "connection"


async def test_grpc_over_tls_proves_both_sides(self_signed: Certificate) -> None:
    cert = Path(self_signed.cert_file).read_bytes()
    credentials = grpc.ssl_server_credentials(
        [(Path(self_signed.key_file).read_bytes(), cert)], cert, require_client_auth=True
    )
    pair = {"cert_file": self_signed.cert_file, "key_file": self_signed.key_file}
    with grpc_receiver(credentials=credentials) as receiver:
        secure = receiver.endpoint.replace("http", "https")
        trusted = sink(secure, "grpc", tls={"ca_file": self_signed.cert_file, **pair})
        assert (await asyncio.to_thread(trusted.push, families(), AT)).accepted > 800
        assert (await refused(sink(secure, "grpc", tls=pair))).reason in ("connection", "timeout")
        nameless = sink(secure, "grpc", tls={"ca_file": self_signed.cert_file})
        assert (await refused(nameless)).reason in ("connection", "timeout")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_missing_certificate_is_an_error_of_the_push(protocol: str) -> None:
    error = await refused(sink("https://127.0.0.1:9", protocol, tls={"ca_file": "/gone.pem"}))
    assert (error.reason, str(error)) == (
        "auth",
        "/gone.pem: cannot be read: No such file or directory",
    )


def test_grpc_is_not_imported_for_http() -> None:
    code = (
        "import sys; from obs.sinks.otlp import *; from obs.spec.otlp import Otlp;"
        "open_otlp(Otlp(endpoint='http://x'), Identity('a', 'b', 'c', ()));"
        "sys.exit('grpc' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
