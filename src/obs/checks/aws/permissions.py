"""IAM: do roles permit what they need, and no more?

What is needed is what `obs iam policy` prints; a live role is compared with it. Where the needed
policy has `*` as a resource, the action supports no other, and the live policy may have it too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from obs.checks.aws.policy import Statement
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.iam.policy import Policy
from obs.iam.policy import Statement as Needed

_REGION: Final = "aws:RequestedRegion"  # recommended, but without it no other data is exposed


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What an IAM role or user permits: the statements of its policies, by their names.

    `why` is set where there are no policies to read, and says why.
    """

    kind: str
    name: str
    policies: Mapping[str, tuple[Statement, ...]]
    why: str = ""


def judge(facts: RoleFacts, needed: Policy, advice: str) -> Iterator[CheckFinding]:
    """The role permits what is needed, and nothing else.

    `advice`: the command that prints the policy the role should have.
    """
    at = facts.name if facts.why else f"{facts.kind} {facts.name}"
    if facts.why:
        yield wrong(at, facts.why, "have obs assume a dedicated role: sources.aws.NAME.role_arn")
        return
    problems = [
        finding
        for name, statements in facts.policies.items()
        for statement in statements
        if statement.allows
        for finding in _too_much(f"{at}, policy {name}", statement, needed, advice)
    ]
    problems += _too_little(at, facts, needed, advice)
    yield from dict.fromkeys(problems) or [right(at, "permits what is needed, and no more")]


def _too_much(at: str, statement: Statement, needed: Policy, advice: str) -> Iterator[CheckFinding]:
    if statement.not_actions:
        yield wrong(at, "permits all actions except some: NotAction with Allow", advice)
        return
    for action in statement.actions:
        if "*" in action or "?" in action:
            yield wrong(
                at, f"permits {action}: a wildcard also covers actions that AWS adds later", advice
            )
            continue
        wanted = [one for one in needed.statements if action in _lower(one.actions)]
        if not wanted:
            yield doubtful(at, f"permits {action}, which is not needed", advice)
            continue
        yield from _too_wide(at, action, statement, wanted, advice)


def _too_wide(
    at: str, action: str, statement: Statement, wanted: Sequence[Needed], advice: str
) -> Iterator[CheckFinding]:
    everything = "*" in statement.resources or bool(statement.not_resources)
    if everything and not any("*" in one.resources for one in wanted):
        resources = ", ".join(sorted({arn for one in wanted for arn in one.resources}))
        yield wrong(at, f"permits {action} on every resource; needed on {resources} only", advice)
    present = {condition.key for condition in statement.conditions}
    for condition in {each for one in wanted for each in one.conditions}:
        if condition.key.lower() not in present and condition.key != _REGION:
            yield wrong(
                at,
                f"permits {action} without the condition {condition.key} = "
                f"{' or '.join(condition.values)}",
                advice,
            )


def _too_little(at: str, facts: RoleFacts, needed: Policy, advice: str) -> Iterator[CheckFinding]:
    allowing = [
        statement
        for statements in facts.policies.values()
        for statement in statements
        if statement.allows
    ]
    missing = [
        action
        for action in sorted(needed.actions)
        if not any(one.covers(action) for one in allowing)
    ]
    if missing:
        yield wrong(at, f"does not permit {', '.join(missing)}", advice)


def _lower(actions: Sequence[str]) -> set[str]:
    return {action.lower() for action in actions}


def identity(arn: str) -> tuple[str, str]:
    """Kind and name of an ARN's principal: role, user, root or else `other`."""
    _, _, service, _, _, resource = arn.split(":", 5)
    if resource == "root":
        return "root", "root"
    kind, _, rest = resource.partition("/")
    if service == "sts" and kind == "assumed-role":
        return "role", rest.partition("/")[0]
    if service == "iam" and kind in ("role", "user"):
        return kind, rest.rpartition("/")[2]
    return "other", resource
