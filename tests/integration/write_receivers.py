"""A strict receiver of Prometheus remote write: the messages are read by the protobuf library from
descriptions made here, and what the specifications forbid fails the test."""

import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import cramjam
from aiohttp import web
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from tests.integration.otlp_receivers import serving

V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
V1 = "application/x-protobuf"
STALE = 0x7FF0000000000002
_TYPES = ("", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
_KINDS = {
    "string": F.TYPE_STRING,
    "double": F.TYPE_DOUBLE,
    "int64": F.TYPE_INT64,
    "uint32": F.TYPE_UINT32,
}
_MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    # A * says that a field is repeated. What obs never sends is unknown here.
    "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
    "Metadata2": {"type": (1, "uint32"), "help_ref": (3, "uint32"), "unit_ref": (4, "uint32")},
    "Series2": {
        "labels_refs": (1, "*uint32"),
        "samples": (2, "*Sample"),
        "metadata": (5, "Metadata2"),
        "created_timestamp": (6, "int64"),
    },
    "Request2": {"symbols": (4, "*string"), "timeseries": (5, "*Series2")},
    "Label": {"name": (1, "string"), "value": (2, "string")},
    "Series1": {"labels": (1, "*Label"), "samples": (2, "*Sample")},
    "Metadata1": {
        "type": (1, "uint32"),
        "metric_family_name": (2, "string"),
        "help": (4, "string"),
        "unit": (5, "string"),
    },
    "Request1": {"timeseries": (1, "*Series1"), "metadata": (3, "*Metadata1")},
}


def _pool() -> DescriptorPool:
    file = FileDescriptorProto(name="write.proto", package="t", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for of, (number, kind) in fields.items():
            label = F.LABEL_REPEATED if kind[0] == "*" else F.LABEL_OPTIONAL
            bare = kind.lstrip("*")
            one = message.field.add(name=of, number=number, label=label)
            one.type = _KINDS.get(bare, F.TYPE_MESSAGE)
            if bare not in _KINDS:
                one.type_name = f".t.{bare}"
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _pool()
Identity = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Written:
    """A sample that arrived. `created` in milliseconds, 0 for none; `stale`: it ends a series."""

    value: float
    at: int
    stale: bool = False
    kind: str = ""
    help: str = ""
    unit: str = ""
    created: int = 0


def _parsed(name: str, body: bytes) -> Any:
    message = GetMessageClass(_POOL.FindMessageTypeByName(f"t.{name}")).FromString(body)
    _known(message)
    return message


def _known(message: Any) -> None:
    assert len(UnknownFieldSet(message)) == 0, message
    for of, value in message.ListFields():
        if of.type == F.TYPE_MESSAGE:
            for each in [value] if hasattr(value, "ListFields") else value:
                _known(each)


def _checked(labels: list[tuple[str, str]]) -> Identity:
    names = [name for name, _ in labels]
    assert names == sorted(set(names)), "labels in order, each once"
    assert all(value for _, value in labels), "no empty value"
    assert "__name__" in names
    return tuple(labels)


def _written(sample: Any, **about: Any) -> Written:
    (bits,) = struct.unpack("<Q", struct.pack("<d", sample.value))
    return Written(sample.value, sample.timestamp, bits == STALE, **about)


def decoded(body: bytes, kind: str) -> dict[Identity, Written]:
    """The samples of one message, which is not compressed."""
    return _version2(body) if kind == V2 else _version1(body)


def _version2(body: bytes) -> dict[Identity, Written]:
    request = _parsed("Request2", body)
    symbols = request.symbols
    assert symbols[0] == ""
    assert len(symbols) == len(set(symbols)), "each symbol once"
    found: dict[Identity, Written] = {}
    for series in request.timeseries:
        texts = [symbols[ref] for ref in series.labels_refs]
        identity = _checked(list(zip(texts[::2], texts[1::2], strict=True)))
        assert identity not in found, "each series once"
        (sample,) = series.samples
        about = series.metadata
        found[identity] = _written(
            sample,
            kind=_TYPES[about.type],
            help=symbols[about.help_ref],
            unit=symbols[about.unit_ref],
            created=series.created_timestamp,
        )
    return found


def _version1(body: bytes) -> dict[Identity, Written]:
    request = _parsed("Request1", body)
    about = {each.metric_family_name: each for each in request.metadata}
    assert len(about) == len(request.metadata)
    found: dict[Identity, Written] = {}
    for series in request.timeseries:
        identity = _checked([(label.name, label.value) for label in series.labels])
        assert identity not in found, "each series once"
        (sample,) = series.samples
        of = about[dict(identity)["__name__"]]
        found[identity] = _written(sample, kind=_TYPES[of.type], help=of.help, unit=of.unit)
    return found


@dataclass
class WriteReceiver:
    """Receives over HTTP. `status` None: takes what it reads, as the specification of 2.0 says."""

    port: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answer_headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    requests: list[dict[Identity, Written]] = field(default_factory=list)
    refused: list[dict[Identity, Written]] = field(default_factory=list)
    """What the requests had that met a `status`."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/push"

    async def handle(self, request: web.Request) -> web.Response:
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.raw = await request.read()
        if self.status is not None:
            if self.headers["content-type"] in (V1, V2):
                self.refused.append(self._read())
            return web.Response(status=self.status, text="no", headers=self.answer_headers)
        kind, found = self.headers["content-type"], self._read()
        self.requests.append(found)
        written = {f"X-Prometheus-Remote-Write-{what}-Written": "0" for what in ("Histograms",)}
        written["X-Prometheus-Remote-Write-Samples-Written"] = str(len(found))
        return web.Response(status=204, headers=written if kind == V2 else {})

    def _read(self) -> dict[Identity, Written]:
        assert self.headers["content-encoding"] == "snappy"
        kind = self.headers["content-type"]
        assert self.headers["x-prometheus-remote-write-version"] == (
            "2.0.0" if kind == V2 else "0.1.0"
        )
        return decoded(bytes(cramjam.snappy.decompress_raw(self.raw)), kind)


@asynccontextmanager
async def write_receiver() -> AsyncIterator[WriteReceiver]:
    receiver = WriteReceiver()
    async with serving("/api/v1/push", receiver.handle) as receiver.port:
        yield receiver
