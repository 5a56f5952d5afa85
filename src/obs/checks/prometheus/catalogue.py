"""The checks of Prometheus-compatible servers."""

from typing import Any, Final

from obs.checks.check import Check
from obs.checks.prometheus import slo_rules
from obs.spec.system import System


def _recording(system: System) -> tuple[str, ...]:
    """The sources whose series rules evaluate."""
    named = (slo.sli.measured.source for slo in system.slos if slo.by_rules)
    return tuple(dict.fromkeys(named))


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "slo-rules",
        "Do the rules that evaluate SLOs record them, from recent data?",
        _recording,
        "the spec has no SLO with engine: rules",
        read=lambda context, name: context.once(
            "recorded SLOs", name, lambda: slo_rules.at_source(context.system, name)
        ),
        judge=slo_rules.judge,
        place=50,
    ),
)
