"""Least-privilege IAM policies, derived from a spec. Pure: reading live policies is for checks."""

from typing import Final

ROLES: Final = {
    "collector": "`obs collect`, its requests and what it publishes",
    "sign-in": "the identity that assumes the collector's role, if the spec names one",
    "publisher": "the publisher of the system's events",
    "dlq-processor": "the consumer of the dead-letter queues that the spec names",
    "dlq": "`obs dlq`, which lists, replays and removes dead letters",
    "check": "`obs check`, if it does not run as the collector",
    "apply": "`obs alerts apply --target cloudwatch`",
    "apply-amp": "`obs alerts apply --target amp`",
}
"""The identities that need a policy, each with its description."""
TRUST: Final = "trust"
ABOUT: Final = "the trust policy of each role of the spec, for the identity given with --principal"
