"""The checks of what is probed."""

import time
from collections.abc import Iterator
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, doubtful, right, skipped, wrong
from obs.snapshot.probe import Probed, ProbeSnapshot
from obs.sources.probe.polls import ProbeRounds

_DAY: Final = 86_400.0
_SOON: Final = 21 * _DAY


def _read(context: CheckContext, name: str) -> ProbeSnapshot:
    return ProbeRounds(context.system.sources.probe[name], time.time).poll()


def judge_targets(snapshot: ProbeSnapshot) -> Iterator[CheckFinding]:
    """Whether each target answers as expected, from where the check runs."""
    return (_finding(each, snapshot.at) for each in snapshot.probed)


def _finding(each: Probed, at: float) -> CheckFinding:
    if each.unknown:
        return skipped(each.target, f"was not probed: {each.unknown}")
    if each.failure:
        return wrong(each.target, f"fails ({each.failure}): {each.why}", "see ProbeFailing.md")
    states = each.dependencies.up if each.dependencies else {}
    if down := [name for name, works in states.items() if not works]:
        return doubtful(each.target, f"says that a dependency is down: {', '.join(down)}")
    if each.expires is not None and each.expires - at < _SOON:
        days = int((each.expires - at) // _DAY)
        return doubtful(each.target, f"has a certificate that expires in {days} days", "renew it")
    return right(each.target, f"answers in {1000 * each.seconds:.0f} ms")


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "probe-targets",
        "Does each target that is probed answer as expected, with a certificate that lasts?",
        lambda system: tuple(system.sources.probe),
        "the spec probes nothing",
        read=_read,
        judge=lambda system, name, found: judge_targets(found),
        place=45,
    ),
)
