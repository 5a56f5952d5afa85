"""The export of the demo's traces by OTLP over HTTP. Needs the extra `otlp`."""

import logging
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from obs.errors import BadInput, SourceError

_PATH: Final = "/v1/traces"  # where OTLP receivers expect traces
_CONNECT_SECONDS: Final = 5.0
_DELAY_MILLISECONDS: Final = 500  # until spans are exported: the demo is watched
_PORTS: Final = {"http": 80, "https": 443}


def exporting(endpoint: str) -> Callable[[str], TracerProvider]:
    """Makes the tracer provider of a service, which exports to the OTLP receiver at `endpoint`.

    Raises BadInput where it is no HTTP URL, SourceError where nothing listens there.
    """
    url = traces_url(endpoint)
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    try:
        socket.create_connection(address, _CONNECT_SECONDS).close()
    except OSError as error:
        why = error.strerror or "no answer"
        where = f"{address[0]}:{address[1]}"  # the URL may hold a password
        raise SourceError("connection", f"--otlp-traces: {where}: {why}") from None
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a receiver may come and go
    return lambda service: _provider(url, service)


def traces_url(endpoint: str) -> str:
    """The URL for traces of an OTLP receiver. Raises BadInput where `endpoint` is no HTTP URL."""
    try:
        parts = urlsplit(endpoint)
        right = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise BadInput("--otlp-traces: write an OTLP receiver's URL, like http://localhost:4318")
    return endpoint if parts.path.strip("/") else endpoint.rstrip("/") + _PATH


def _provider(url: str, service: str) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(url, compression=Compression.Gzip)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=_DELAY_MILLISECONDS)
    )
    return provider
