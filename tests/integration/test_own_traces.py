"""A running collector traces its own polls and pushes, and says nothing that is secret."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from functools import partial
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics

from obs.cli.main import main
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from obs.sinks.traces import open_tracer
from obs.spans import SpanCounts, client
from obs.spec.system import System
from tests.integration.collector_process import CollectorProcess, Spec, collectors, key, spec_of
from tests.integration.otlp_receivers import (
    ServiceSpan,
    TraceReceiver,
    http_receiver,
    trace_receiver,
)
from tests.integration.secrets_planted import token, traces
from tests.integration.waiting import eventually_async

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

PASSWORD, HEADER, AWS_KEY = map(token, ("nats password", "header", "aws key"))
ASKED = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture
async def receiver() -> AsyncIterator[TraceReceiver]:
    async with trace_receiver() as running:
        yield running


def spec(folder: Path, receiver: TraceReceiver, metrics: str, server: NatsServer) -> Spec:
    (folder / "headers").write_text(f"authorization: Bearer {HEADER}\n")
    (folder / "password").write_text(PASSWORD)
    (nobody,) = free_ports(1)
    made = spec_of(
        folder,
        nats={"monitor": [server.monitor]},
        aws={
            "endpoint_url": f"http://127.0.0.1:{nobody}",
            "buses": [{"name": "oms-events"}],
            "required": False,
        },
        otlp={
            "endpoint": metrics,
            "every": "1s",
            "traces": {
                "endpoint": receiver.endpoint,
                "headers_file": str(folder / "headers"),
            },
        },
    )
    login = {"user": "u", "password_file": str(folder / "password")}
    made["sources"]["nats"]["api"] = {
        "poll": "1s",
        "connection": {"servers": [server.url], **login},
    }
    return made


def named(receiver: TraceReceiver, name: str) -> list[ServiceSpan]:
    return [each for each in receiver.spans if each.span.name == name]


def below(receiver: TraceReceiver, parent: ServiceSpan) -> list[ServiceSpan]:
    return [each for each in receiver.spans if each.span.parent_span_id == parent.span.span_id]


def exemplars(collector: CollectorProcess, source: str) -> list[str]:
    """The trace ids that OpenMetrics has for the polls of a source."""
    text = collector.get("/metrics", **ASKED).text
    parse: Callable[[str], Iterator[Metric]] = openmetrics.text_string_to_metric_families
    return [
        sample.exemplar.labels["trace_id"]
        for family in parse(text)
        for sample in family.samples
        if sample.exemplar is not None and sample.labels["source"] == source
    ]


def reload(collector: CollectorProcess, times: int) -> None:
    """Have it take up its spec, for the first or the second time."""
    collector.spec_file.write_text(json.dumps(collector.spec))
    assert collector.process.pid is not None
    os.kill(collector.process.pid, signal.SIGHUP)
    collector.logged("is in force", times)


async def test_polls_and_pushes_are_traces_with_their_requests(
    tmp_path: Path,
    receiver: TraceReceiver,
    collectors: list[CollectorProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with http_receiver() as metrics:
        with NatsServer(tmp_path / "nats") as server:
            written = spec(tmp_path, receiver, metrics.endpoint, server)
            on = written["outputs"]["otlp"].pop("traces")
            collector = CollectorProcess(tmp_path, written)
            collectors.append(collector)
            await asyncio.to_thread(collector.start)
            assert not await asyncio.to_thread(exemplars, collector, "nats")
            written["outputs"]["otlp"]["traces"] = on
            await asyncio.to_thread(reload, collector, 1)
            for name in ("poll nats", "poll api", "poll aws", "push otlp"):
                await eventually_async(partial(named, receiver, name))

            (of_nats, *_) = named(receiver, "poll nats")
            assert of_nats.service == "obs"
            assert of_nats.attributes["obs.source.kind"] == "nats"
            asked = below(receiver, of_nats)
            assert {each.span.name for each in asked} == {"GET"}
            assert {each.span.kind for each in asked} == {asked[0].span.SPAN_KIND_CLIENT}
            urls = {each.attributes["url.full"] for each in asked}
            assert f"{server.monitor}/jsz" in urls
            assert all(each.attributes["http.response.status_code"] == 200 for each in asked)

            subjects = {
                each.attributes["messaging.destination.name"]
                for poll in named(receiver, "poll api")
                for each in below(receiver, poll)
                if each.span.name == "nats.request"
            }
            assert "$JS.API.INFO" in subjects
            (failed, *_) = named(receiver, "poll aws")
            assert failed.attributes["error.type"] == "connection"
            (call, *_) = below(receiver, failed)
            assert call.span.name.startswith("aws.")
            assert call.attributes["rpc.system"] == "aws-api"
            assert call.span.status.code == call.span.status.STATUS_CODE_ERROR
            (push, *_) = named(receiver, "push otlp")
            assert [each.attributes["url.full"] for each in below(receiver, push)] == [
                f"{metrics.endpoint}/v1/metrics"
            ]

            assert receiver.headers["authorization"] == f"Bearer {HEADER}"
            told = str(receiver.spans) + str([each.attributes for each in receiver.spans])
            for secret in (PASSWORD, HEADER, AWS_KEY):
                assert not [piece for piece in traces(secret) if piece in told]

            shown = await asyncio.to_thread(exemplars, collector, "nats")
            assert shown
            await eventually_async(
                lambda: {*shown} <= {each.span.trace_id.hex() for each in receiver.spans}
            )
            plain = await asyncio.to_thread(collector.get, "/metrics")
            assert "trace_id" not in plain.text

            sent = key("obs_trace_spans_sent_total")  # as of the last poll
            scrape = await asyncio.to_thread(collector.until, lambda found: found[sent] > 0)
            assert scrape[key("obs_trace_spans_dropped_total", reason="not_sent")] == 0

            del written["outputs"]["otlp"]["traces"]
            await asyncio.to_thread(reload, collector, 2)
            before = time.time_ns()
            await asyncio.to_thread(collector.polls, "nats", 2)
            assert max(each.span.end_time_unix_nano for each in receiver.spans) < before


def test_over_grpc_the_receiver_gets_the_same_spans() -> None:
    class Receiver(TraceServiceServicer):
        spans: list[str] = []

        def Export(self, request: ExportTraceServiceRequest, _: object) -> object:
            (origin,) = request.resource_spans
            self.spans += [span.name for scope in origin.scope_spans for span in scope.spans]
            answer = ExportTraceServiceResponse()
            answer.partial_success.rejected_spans = 1
            return answer

    server = grpc.server(futures.ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(Receiver(), server)  # type: ignore[no-untyped-call]
    endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    otlp = {"endpoint": endpoint, "protocol": "grpc", "traces": True}
    system = System.model_validate({"version": 1, "system": "oms", "outputs": {"otlp": otlp}})
    counts = SpanCounts()
    tracer = open_tracer(system, counts)
    with tracer.trace("apply", {}), client("GET", dict):
        pass
    tracer.close()
    server.stop(None).wait()
    assert Receiver.spans == ["GET", "apply"]
    sent, lost = counts.all
    assert (sent, lost["rejected"], tracer.failure) == (1, 1, None)


async def test_a_check_is_one_trace_with_a_span_for_each_check(
    tmp_path: Path, receiver: TraceReceiver, capsys: pytest.CaptureFixture[str]
) -> None:
    (nobody,) = free_ports(1)
    written = spec_of(
        tmp_path,
        nats={"monitor": [f"http://127.0.0.1:{nobody}"]},
        otlp={"endpoint": receiver.endpoint, "traces": True},
    )
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(written))
    asked = ["check", "--spec", str(file), "--only", "nats-versions", "--only", "iam"]
    await asyncio.to_thread(main, asked)
    (root,) = named(receiver, "check")
    checks = below(receiver, root)
    assert [(each.span.name, each.attributes["obs.outcome"]) for each in checks] == [
        ("check nats-versions", "failed")
    ]
    requests = [each for check in checks for each in below(receiver, check)]
    assert {each.attributes["error.type"] for each in requests} == {"connection"}

    written["outputs"]["otlp"]["endpoint"] = f"http://127.0.0.1:{nobody}"
    file.write_text(json.dumps(written))
    capsys.readouterr()
    await asyncio.to_thread(main, asked)
    assert "trace of this command could not be sent" in capsys.readouterr().err


async def test_an_apply_is_one_trace_with_its_plan(tmp_path: Path, receiver: TraceReceiver) -> None:
    (tmp_path / "token").write_text(HEADER)
    login = {"token_file": str(tmp_path / "token")}
    written = spec_of(
        tmp_path,
        nats={"monitor": ["http://127.0.0.1:1"]},
        otlp={"endpoint": receiver.endpoint, "traces": True},
    ) | {"stacks": {"mimir": {"url": f"{receiver.endpoint}/no", **login}}}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(written))
    arguments = ["alerts", "apply", "--spec", str(file), "--target", "mimir", "--check"]
    assert await asyncio.to_thread(main, arguments) == 1  # there are no rules yet
    (root,) = named(receiver, "alerts apply")
    (plan,) = below(receiver, root)
    assert plan.attributes == {"obs.target": "mimir"}
    (get,) = below(receiver, plan)
    url = f"{receiver.endpoint}/no/prometheus/config/v1/rules"
    assert (get.attributes["url.full"], get.attributes["error.type"]) == (url, "404")
    assert not [piece for piece in traces(HEADER) if piece in str(receiver.spans)]
