"""AWS policy documents, as far as checks interpret them.

Grammar: IAM user guide, "Policies and permissions", JSON policy element reference. Actions,
condition operators and condition keys are compared without regard to case, as AWS does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Self

from obs.bounded_json import load_json
from obs.errors import SourceError

VERSION: Final = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: operator and key in lower case."""

    operator: str
    key: str
    values: tuple[str, ...]

    def allows(self, value: str) -> bool | None:
        """Whether it holds for this value of the key; None where the operator is not supported."""
        kind = self.operator.rpartition(":")[2].removesuffix("ifexists")
        if kind in ("arnequals", "arnlike", "stringlike"):
            return any(like(value, pattern) for pattern in self.values)
        if kind in ("stringequals", "stringequalsignorecase"):
            return value in self.values
        if kind in ("arnnotequals", "arnnotlike", "stringnotlike"):
            return not any(like(value, pattern) for pattern in self.values)
        if kind == "stringnotequals":
            return value not in self.values
        return None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `actions` in lower case. `principals` are (kind, value)."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """The statement of a parsed document."""
        return cls(
            sid=str(written.get("Sid", "")),
            allows=written.get("Effect") == "Allow",
            actions=tuple(action.lower() for action in _listed(written.get("Action"))),
            not_actions=tuple(action.lower() for action in _listed(written.get("NotAction"))),
            resources=_listed(written.get("Resource")),
            not_resources=_listed(written.get("NotResource")),
            principals=tuple(_principals(written.get("Principal"))),
            conditions=tuple(_conditions(written.get("Condition", {}))),
        )

    def covers(self, action: str) -> bool:
        """Whether it is about this action (`sqs:SendMessage`)."""
        action = action.lower()
        if self.not_actions:
            return not any(like(action, pattern) for pattern in self.not_actions)
        return any(like(action, pattern) for pattern in self.actions)

    def on(self, resource: str) -> bool:
        """Whether it is about this resource."""
        if self.not_resources:
            return not any(like(resource, pattern) for pattern in self.not_resources)
        return any(like(resource, pattern) for pattern in self.resources)

    def condition(self, key: str) -> tuple[Condition, ...]:
        """Its conditions on a key, which is given in lower case."""
        return tuple(condition for condition in self.conditions if condition.key == key)


def like(text: str, pattern: str) -> bool:
    """Whether a pattern of AWS matches: `*` and `?` only, unlike a shell's."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))  # which does not backtrack


def statements(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document. Raises SourceError(decode) where it is not a policy."""
    try:
        parsed = load_json(document) if isinstance(document, str) else document
        return tuple(Statement.of(one) for one in written_statements(parsed))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise SourceError("decode", "not a valid policy document") from None


def written_statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements as written; a single one need not be in a list."""
    found = document.get("Statement", [])
    return [*found] if isinstance(found, list) else [found]


def _listed(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _principals(written: object) -> Iterator[tuple[str, str]]:
    if isinstance(written, Mapping):
        for kind, values in written.items():
            yield from ((str(kind), value) for value in _listed(values))
    else:
        yield from (("*", value) for value in _listed(written))


def _conditions(written: Mapping[str, Mapping[str, Any]]) -> Iterator[Condition]:
    for operator, keys in written.items():
        for key, values in keys.items():
            yield Condition(operator.lower(), key.lower(), _listed(values))
