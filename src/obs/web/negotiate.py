"""What a client accepts: the Accept and Accept-Encoding headers (RFC 9110, section 12.5)."""

from collections.abc import Iterator
from typing import Final

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

PROTOBUF: Final = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)
_MESSAGE: Final = "io.prometheus.client.metricfamily"


def accepts_protobuf(accept: str) -> bool:
    """Whether Prometheus' Protobuf format is asked for at least as much as any other of ours.

    Only one who names it gets it: Prometheus does where it takes native histograms.
    """
    wanted = others = 0.0
    for value, parameters, weight in _weighted(accept):
        if value == "application/vnd.google.protobuf":
            known = parameters.get("proto") == _MESSAGE
            if known and parameters.get("encoding") == "delimited":
                wanted = max(wanted, weight)
        elif value in ("application/openmetrics-text", "text/plain"):
            others = max(others, weight)
    return wanted > 0 and wanted >= others


def accepts_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics 1.0.0 is asked for at least as much as the Prometheus text format.

    Wildcards mean the text format, and so does a header that accepts neither: a client that can
    read nothing of ours is better off with text than with an error.
    """
    openmetrics = text = 0.0
    for value, parameters, weight in _weighted(accept):
        version = parameters.get("version")
        if value == "application/openmetrics-text":
            if version in (None, "1.0.0"):
                openmetrics = max(openmetrics, weight)
        elif value == "text/plain" and version in (None, "0.0.4"):
            text = max(text, weight)
    return openmetrics > 0 and openmetrics >= text


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the answer may be compressed with gzip; what names gzip goes before `*`."""
    weights = {value: weight for value, _, weight in _weighted(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weighted(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each element of a header with its parameters and its q-value; a broken q counts as 0."""
    for element in header.split(","):
        value, *rest = (part.strip().lower() for part in element.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip(): text.strip().strip('"') for name, _, text in pairs}
        if value:
            yield value, parameters, _weight(parameters.pop("q", "1"))


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
