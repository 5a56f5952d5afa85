"""IAM policies as values, and as the JSON documents of AWS."""

from dataclasses import dataclass
from typing import Final

PolicyDocument = dict[str, object]

VERSION: Final = "2012-10-17"  # of the policy language


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a request: `key` must have one of `values`."""

    key: str
    values: tuple[str, ...]
    operator: str = "StringEquals"


@dataclass(frozen=True, slots=True)
class Statement:
    """A permission; the resource is `*` where AWS supports no other for the actions."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The permissions of one identity; `remarks` are notes for the reader, in sentences."""

    statements: tuple[Statement, ...]
    remarks: tuple[str, ...] = ()

    @property
    def actions(self) -> frozenset[str]:
        """All actions of the statements."""
        return frozenset(action for each in self.statements for action in each.actions)


def document(policy: Policy) -> PolicyDocument:
    """The policy as a JSON document of AWS; deterministic."""
    return {"Version": VERSION, "Statement": [_statement(each) for each in policy.statements]}


def _statement(statement: Statement) -> PolicyDocument:
    conditions: dict[str, dict[str, str | list[str]]] = {}
    for each in statement.conditions:
        conditions.setdefault(each.operator, {})[each.key] = _one_or_more(each.values)
    return {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": _one_or_more(statement.actions),
        "Resource": _one_or_more(statement.resources),
        **({"Condition": conditions} if conditions else {}),
    }


def _one_or_more(values: tuple[str, ...]) -> str | list[str]:
    found = sorted(set(values))
    return found[0] if len(found) == 1 else found
