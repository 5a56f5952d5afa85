"""Least-privilege IAM policies, derived from a spec. Pure: reading live policies is for checks."""

from typing import Final

ROLES: Final = {
    "collector": "what `obs collect` asks of AWS and publishes there",
    "sign-in": "who runs the collector, where the spec has it assume a role",
    "publisher": "the system's own publisher of events",
    "dlq-processor": "who works off the dead-letter queues that the spec names",
    "check": "`obs check`, where it does not run as the collector",
    "apply": "`obs alerts apply --target cloudwatch`",
    "apply-amp": "`obs alerts apply --target amp`",
}
"""Who needs a policy, and who that is in words for people."""
