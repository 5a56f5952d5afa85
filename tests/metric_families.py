"""Prometheus' Protobuf format, read by the library of Protobuf itself.

The messages are declared here as in io/prometheus/client/metrics.proto, as far as obs writes them.
"""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_KINDS: Final = {"string": 9, "double": 1, "uint64": 4, "sint32": 17, "sint64": 18, "uint32": 13}
_KINDS_OF_MESSAGE: Final = 11
_MESSAGES: Final = {
    "LabelPair": (("name", 1, "string"), ("value", 2, "string")),
    "Value": (("value", 1, "double"),),
    "BucketSpan": (("offset", 1, "sint32"), ("length", 2, "uint32")),
    "Timestamp": (("seconds", 1, "uint64"), ("nanos", 2, "uint32")),
    "Exemplar": (("label", 1, "LabelPair*"), ("value", 2, "double"), ("timestamp", 3, "Timestamp")),
    "Bucket": (
        ("cumulative_count", 1, "uint64"),
        ("upper_bound", 2, "double"),
        ("exemplar", 3, "Exemplar"),
    ),
    "Histogram": (
        ("sample_count", 1, "uint64"),
        ("sample_sum", 2, "double"),
        ("bucket", 3, "Bucket*"),
        ("schema", 5, "sint32"),
        ("zero_threshold", 6, "double"),
        ("zero_count", 7, "uint64"),
        ("positive_span", 12, "BucketSpan*"),
        ("positive_delta", 13, "sint64*"),
        ("exemplars", 16, "Exemplar*"),
    ),
    "Metric": (
        ("label", 1, "LabelPair*"),
        ("gauge", 2, "Value"),
        ("counter", 3, "Value"),
        ("histogram", 7, "Histogram"),
    ),
    "MetricFamily": (
        ("name", 1, "string"),
        ("help", 2, "string"),
        ("type", 3, "uint32"),
        ("metric", 4, "Metric*"),
    ),
}


def _family_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="obs_test_metrics.proto", package="obs_test")
    file.syntax = "proto2"
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            plain = kind.removesuffix("*")
            added = message.field.add(name=field, number=number, label=3 if kind[-1] == "*" else 1)
            added.type = _KINDS.get(plain, _KINDS_OF_MESSAGE)  # type: ignore[assignment]
            if plain not in _KINDS:
                added.type_name = f".obs_test.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("obs_test.MetricFamily"))


_FAMILY: Final = _family_class()


def families(body: bytes) -> Iterator[Any]:
    """Each MetricFamily of a delimited body. Raises where one is not well-formed."""
    at = 0
    while at < len(body):
        size = shift = 0
        while True:
            byte = body[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield _FAMILY.FromString(body[at : at + size])
        at += size
