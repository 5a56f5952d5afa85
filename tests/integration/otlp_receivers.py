"""OTLP receivers on loopback that keep what they get and answer as told."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import grpc
from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass
class Received:
    """What came in, and what to answer."""

    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    rejected: int = 0
    hang: bool = False

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics of all requests by name."""
        return {
            metric.name: metric
            for request in self.requests
            for origin in request.resource_metrics
            for scope in origin.scope_metrics
            for metric in scope.metrics
        }

    @property
    def answer(self) -> ExportMetricsServiceResponse:
        answer = ExportMetricsServiceResponse()
        if self.rejected:
            answer.partial_success.rejected_data_points = self.rejected
            answer.partial_success.error_message = "too old"
        return answer


@dataclass
class HttpReceiver(Received):
    """Receives over HTTP."""

    port: int = 0
    status: int = 200
    kind: str = "application/x-protobuf"
    body: bytes | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.Response:
        if self.hang:
            await asyncio.sleep(30)
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        assert self.headers["content-encoding"] == "gzip"  # aiohttp has unpacked it
        self.requests.append(ExportMetricsServiceRequest.FromString(await request.read()))
        body = self.answer.SerializeToString() if self.body is None else self.body
        return web.Response(status=self.status, body=body, headers={"Content-Type": self.kind})


@asynccontextmanager
async def http_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver()
    application = web.Application(client_max_size=1 << 24)
    application.router.add_post("/v1/metrics", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        receiver.port = runner.addresses[0][1]
        yield receiver
    finally:
        await runner.cleanup()


@dataclass
class GrpcReceiver(Received, MetricsServiceServicer):
    """Receives over gRPC."""

    port: int = 0
    code: grpc.StatusCode | None = None
    released: Event = field(default_factory=Event)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def Export(
        self, request: ExportMetricsServiceRequest, context: Any
    ) -> ExportMetricsServiceResponse:
        if self.hang:
            self.released.wait(30)
        self.headers = dict(context.invocation_metadata())
        if self.code is not None:
            context.abort(self.code, "no")
        self.requests.append(request)
        return self.answer


@contextmanager
def grpc_receiver(
    port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> Iterator[GrpcReceiver]:
    receiver = GrpcReceiver()
    server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    add_MetricsServiceServicer_to_server(receiver, server)
    address = f"127.0.0.1:{port}"
    if credentials is None:
        receiver.port = server.add_insecure_port(address)
    else:
        receiver.port = server.add_secure_port(address, credentials)
    server.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.stop(None).wait()


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that is its own authority."""

    cert_file: str
    key_file: str


def certificate(folder: Path) -> Certificate:
    made = Certificate(str(folder / "cert.pem"), str(folder / "key.pem"))
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", made.key_file, "-out", made.cert_file]
    subprocess.run([*command.split(), *subject, *files], check=True, capture_output=True)
    return made
