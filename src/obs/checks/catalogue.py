"""Every check there is, in the order in which they are shown."""

from typing import Any, Final

from obs.checks import dead_letters, eventbridge
from obs.checks.finding import Check
from obs.spec.system import System

_NO_AWS: Final = "the spec has no AWS source"


def _aws(system: System) -> tuple[str, ...]:
    return tuple(system.sources.aws)


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "eventbridge-rules",
        "Are EventBridge's rules there, enabled, and do their targets say how long they retry?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.eventbridge(name),
        judge=lambda system, name, facts: eventbridge.judge_rules(facts),
    ),
    Check(
        "eventbridge-dead-letters",
        "Does every target keep what it could not deliver in a dead-letter queue that works?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.eventbridge(name),
        judge=lambda system, name, facts: dead_letters.judge_dead_letters(facts),
    ),
)
BY_NAME: Final = {check.name: check for check in CHECKS}
