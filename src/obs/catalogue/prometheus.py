"""Metrics of what is asked of Prometheus-compatible servers."""

from obs.catalogue.declare import gauge

PREFIXES = ("prometheus_sli_",)

QUERY_STATES = ("answered", "empty", "rejected")
SLI_QUERIES = gauge(
    "prometheus_sli_queries",
    ("prometheus", "state"),
    "Queries of SLIs at the last poll: answered, without any value, or rejected by the server.",
    title="Queries of SLIs",
)
