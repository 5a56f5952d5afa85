"""OTLP receivers on loopback that record what they receive and answer as configured."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Received:
    """What came in, and what to answer."""

    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    rejected: int = 0
    why: str = "too old"
    hang: bool = False
    most: int = 1 << 24  # bytes of a request

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
            answer.partial_success.error_message = self.why
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
        sent = await request.read()
        if len(sent) > self.most:
            return web.Response(status=413)
        self.requests.append(ExportMetricsServiceRequest.FromString(sent))
        body = self.answer.SerializeToString() if self.body is None else self.body
        return web.Response(status=self.status, body=body, headers={"Content-Type": self.kind})


@asynccontextmanager
async def serving(
    path: str,
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Serves posts to a path; yields the port."""
    application = web.Application(client_max_size=1 << 24)
    application.router.add_post(path, handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


@asynccontextmanager
async def http_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver()
    async with serving("/v1/metrics", receiver.handle, tls) as receiver.port:
        yield receiver


@dataclass
class GrpcReceiver(Received, MetricsServiceServicer):
    """Receives over gRPC."""

    port: int = 0
    code: grpc.StatusCode | None = None
    trailers: tuple[tuple[str, bytes], ...] = ()
    compress: bool = False
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
        if self.compress:
            context.set_compression(grpc.Compression.Gzip)
        if self.code is not None:
            context.set_trailing_metadata(self.trailers)
            context.abort(self.code, "no")
        self.requests.append(request)
        return self.answer


@contextmanager
def grpc_receiver(
    port: int = 0, credentials: grpc.ServerCredentials | None = None, most: int = 1 << 24
) -> Iterator[GrpcReceiver]:
    receiver = GrpcReceiver(most=most)
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", most)]
    server = grpc.server(futures.ThreadPoolExecutor(2), options=options)
    # generated by protoc without types
    add_MetricsServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
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
    """A certificate for 127.0.0.1 and a name that is its own authority."""

    cert_file: str
    key_file: str


def certificate(folder: Path, name: str = "localhost") -> Certificate:
    made = Certificate(str(folder / "cert.pem"), str(folder / "key.pem"))
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}"]
    files = ["-keyout", made.key_file, "-out", made.cert_file]
    subprocess.run([*command.split(), *subject, *files], check=True, capture_output=True)
    return made


@dataclass(frozen=True)
class ServiceSpan:
    """A span that was received, and the service that recorded it."""

    service: str
    span: Span

    @property
    def attributes(self) -> dict[str, Any]:
        return {
            one.key: getattr(one.value, str(one.value.WhichOneof("value")))
            for one in self.span.attributes
        }

    @property
    def linked(self) -> set[bytes]:
        return {link.span_id for link in self.span.links}


@dataclass
class TraceReceiver:
    """Receives traces over HTTP."""

    port: int = 0
    spans: list[ServiceSpan] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.Response:
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for origin in sent.resource_spans:
            (service,) = (
                one.value.string_value
                for one in origin.resource.attributes
                if one.key == "service.name"
            )
            self.spans += [
                ServiceSpan(service, span) for scope in origin.scope_spans for span in scope.spans
            ]
        body = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=body, headers={"Content-Type": "application/x-protobuf"})


@asynccontextmanager
async def trace_receiver() -> AsyncIterator[TraceReceiver]:
    receiver = TraceReceiver()
    async with serving("/v1/traces", receiver.handle) as receiver.port:
        yield receiver
