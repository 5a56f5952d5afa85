"""Do rules record the SLOs that they evaluate?"""

import time
from collections.abc import Iterator

from obs.checks.collecting import maximum_age
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.checks.recorded_slos import RecordedSlos, recorded_slos
from obs.clients.http import without_user
from obs.extras import require_extra
from obs.spec.quantity import format_duration
from obs.spec.slos import Slo
from obs.spec.system import System


def at_source(system: System, name: str) -> RecordedSlos:
    """What the server of this source has. Blocks; raises SourceError."""
    from obs.sources.prometheus.queried_server import QueriedServer  # noqa: PLC0415  needs urllib3

    spec = system.sources.prometheus[name]
    if spec.sigv4 is not None:
        require_extra("aws", f"sources.prometheus.{name}.sigv4")
    ask = QueriedServer(spec, tuple, time.time).now
    return recorded_slos(ask, system, f"Prometheus at {without_user(spec.url)}")


def judge(system: System, name: str, found: RecordedSlos) -> Iterator[CheckFinding]:
    """Each SLO whose series are on the server of this source has been recorded there lately."""
    for slo in system.slos:
        if slo.by_rules and slo.sli.measured.source == name:
            yield _judge(slo, found, maximum_age(system, name))


def _judge(slo: Slo, found: RecordedSlos, maximum: float) -> CheckFinding:
    at, key = f"SLO {slo.service}/{slo.name}", (slo.service, slo.name, "")
    watermark = found.watermarks.get(key)
    if watermark is None:
        return wrong(
            at,
            f"rules should record it, and {found.origin} has nothing of it",
            "`obs alerts apply` loads them; see in the check `rules` that they are evaluated",
            f"check that this server has what the SLO measures: {slo.in_words()}",
        )
    age = found.at - watermark
    if age > maximum:
        return wrong(
            at,
            f"its newest data is {format_duration(round(age))} old, more than "
            f"{format_duration(maximum)}",
            f"check that {found.origin} evaluates its rules, and has what the SLO measures: "
            f"{slo.in_words()}",
        )
    if key not in found.remaining:
        return doubtful(at, "has no event yet, or too few", f"check the traffic: {slo.in_words()}")
    old = format_duration(max(1, round(age)))
    return right(at, f"rules record it; its newest data is {old} old")
