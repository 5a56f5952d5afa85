"""Whether the servers that SLOs are measured with answer."""

import shlex
import time
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.finding import right
from obs.errors import SourceError
from obs.redaction.address import shown_address
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.sources.prometheus.queried_server import QueriedServer
from obs.spec.system import System


def _read(context: CheckContext, name: str) -> PrometheusSnapshot:
    return QueriedServer(context.system.sources.prometheus[name], tuple, time.time).poll()


def _advise(system: System, name: str, error: SourceError) -> str:
    if error.reason == "auth":
        return f"correct its credentials in the spec: sources.prometheus.{name}"
    url = shown_address(system.sources.prometheus[name].url)
    return f"curl -sS {shlex.quote(url.rstrip('/') + '/api/v1/query?query=1')}"


REACH: Final[tuple[Check[Any], ...]] = (
    Check(
        "prometheus-reach",
        "Does each Prometheus-compatible server answer queries?",
        lambda system: tuple(system.sources.prometheus),
        "the spec has no Prometheus source",
        read=_read,
        judge=lambda system, name, found: [right(name, "answers queries")],
        advise=_advise,
    ),
)
