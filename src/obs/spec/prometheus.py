"""Prometheus-compatible servers as sources of SLIs."""

from typing import Annotated

from obs.spec.quantity import Duration, within
from obs.spec.signed_in import SignedIn
from obs.spec.source import Poll, SourceSpec


class PrometheusSource(SourceSpec, SignedIn):
    """A server with the query API of Prometheus: Prometheus itself, Thanos, Mimir, VictoriaMetrics.

    Only what SLOs count is queried.
    """

    words = "Prometheus"
    only_for_slos = True

    poll: Poll = 60.0
    """Interval of the polls."""
    timeout: Annotated[Duration, within("100ms", "10m")] = 30.0
    """Timeout of a request."""
    delay: Annotated[Duration, within("0s", "1h")] = 60.0
    """How long after the end of a minute its samples are complete: at least a scrape interval, and
    what remote write takes."""

    @property
    def where(self) -> str:
        """Its address."""
        return self.url

    @property
    def delayed_by(self) -> float:
        """Seconds after which a minute counts as complete."""
        return self.delay
