"""AWS accounts and regions: what the credentials may list, as the draft of a source."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from math import ceil
from typing import Any, Final

from obs.clients.aws import AwsClient
from obs.errors import BadInput, SourceError
from obs.extras import require_extra
from obs.first_spec.draft import Draft, Field, ProposedSlo, Unseen, Value
from obs.first_spec.hints import with_hint
from obs.first_spec.names import UniqueNames
from obs.first_spec.options import Options
from obs.first_spec.validated import validated
from obs.sources.aws.access import Access, try_access
from obs.sources.aws.kind import KIND
from obs.spec.aws import AwsSource
from obs.spec.globs import escaped

EXAMPLE: Final = """\
  # aws:
  #   cloud:                              # a name that you choose: the label aws="cloud"
  #     region: us-east-1                 # `obs collect --dry-run` says what it costs a month"""

_NAME: Final = "cloud"
_SIGN_IN: Final = (
    "sign in with `aws configure` or `aws sso login`, or give --aws-profile or --aws-role-arn"
)
_DELIVERED: Final = 99.9
_MOST_SLOS: Final = 50
_MOST_NAMES: Final = 30
_LEAST_BUDGET: Final = 5.0  # dollars a month


def look(options: Options) -> Iterator[Draft]:
    """The source for the regions and accounts, if any are given. Raises BadInput, SourceError."""
    if options.regions:
        require_extra(KIND.extra, "--aws-region")
        fields = _given(options)
        members = validated(AwsSource, fields, "--aws-region").each(_NAME)
        found, failed = _access_of(members)
        yield _draft(fields, found, failed)
    elif options.accounts:
        raise BadInput("--aws-region: name the region of these accounts, for example us-east-1")


def _given(options: Options) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if len(options.regions) == 1:
        fields["region"] = options.regions[0]
    else:
        fields["regions"] = list(options.regions)
    if len(options.accounts) == 1:
        fields |= options.accounts[0]
    elif options.accounts:
        names = UniqueNames()
        fields["accounts"] = [
            {"name": _account_name(each, names), **each} for each in options.accounts
        ]
    if options.endpoint_url:
        fields["endpoint_url"] = options.endpoint_url
    return fields


def _account_name(account: Mapping[str, str], names: UniqueNames) -> str:
    """By the profile, else by the number in the role's ARN."""
    arn = account.get("role_arn", "")
    return names.of([account.get("profile") or (arn.split(":")[4:5] or ["account"])[0]])


def _access_of(
    members: Mapping[str, Any],
) -> tuple[dict[str, Access], dict[str, SourceError]]:
    """What can be seen of each, and why nothing of the others. Raises where it is none at all."""
    found: dict[str, Access] = {}
    failed: dict[str, SourceError] = {}
    for name, spec in members.items():
        with closing(AwsClient(spec, time.monotonic)) as client:
            try:
                found[name] = try_access(client)
            except SourceError as error:
                failed[name] = error
    if failed and not found:
        first = next(iter(failed.values()))
        raise with_hint(first, "auth", _SIGN_IN)
    return found, failed


def _draft(
    fields: dict[str, Any], found: Mapping[str, Access], failed: Mapping[str, SourceError]
) -> Draft:
    chosen = _chosen(found)
    whole = fields | chosen
    source = validated(AwsSource, whole, "--aws-region")
    budget = _budget(source.each(_NAME))
    return Draft(
        "aws",
        _NAME,
        (
            *(Field(name, _value(each)) for name, each in fields.items()),
            Field("monthly_budget_dollars", float(budget[0]), budget[1]),
            *_buses(chosen, found),
            *_queues(found),
        ),
        _saw(found),
        tuple(_slos(found)),
        (*_unreached(failed), *_unseen(found)),
    )


def _chosen(found: Mapping[str, Access]) -> dict[str, Any]:
    """The buses that have rules; all, where there are none."""
    names = sorted({bus for each in found.values() for bus, rules in each.rules.items() if rules})
    return {"buses": [{"name": escaped(each)} for each in names]} if names else {}


def _budget(members: Mapping[str, Any]) -> tuple[int, str]:
    """Dollars a month that polling may cost: twice the estimate, and what that is."""
    costs = KIND.costs(members, {})
    dollars = sum(each.estimate.dollars for each in costs)
    return ceil(max(2 * dollars, _LEAST_BUDGET)), f"polling costs about ${dollars:,.2f} a month"


def _buses(chosen: Mapping[str, Any], found: Mapping[str, Access]) -> Iterator[Field]:
    rules = {
        (bus, rule)
        for each in found.values()
        for bus, names in each.rules.items()
        for rule in names
    }
    lines = [f"{bus}: {rule}" for bus, rule in sorted(rules)]
    notes = _listed("rules that are there now:", lines)
    missing = sorted({r for each in found.values() for r in each.without_dead_letters})
    lost = [f"{each.bus}: {each.name}" for each in missing]
    notes += _listed("without a dead-letter queue, what fails is lost:", lost)
    empty = sorted({bus for each in found.values() for bus in each.buses} - {b for b, _ in rules})
    if empty and rules:
        notes += (f"without rules: {', '.join(empty[:_MOST_NAMES])}",)
    buses: Value = tuple(chosen.get("buses", ({"name": "*"},)))
    yield Field(
        "buses", buses, 'with all their rules; {name: …, rules: ["order-*"]} chooses some', notes
    )


def _listed(heading: str, lines: list[str]) -> tuple[str, ...]:
    if not lines:
        return ()
    more = len(lines) - _MOST_NAMES
    return (
        heading,
        *(f"  {each}" for each in lines[:_MOST_NAMES]),
        *([f"  … and {more} more"] if more > 0 else []),
    )


def _queues(found: Mapping[str, Access]) -> Iterator[Field]:
    """Dead-letter queues are entries; work queues a suggestion, as watching each costs money."""
    names = {queue for each in found.values() for queue in each.queues}
    dead = {queue for each in found.values() for queue in each.dead_letters}
    letters = tuple(sorted(map(escaped, names & dead)))
    work = tuple(sorted(map(escaped, names - dead)))
    if letters:
        yield Field("queues", letters[:_MOST_NAMES], "dead-letter queues, as they are linked")
    if work:
        more = f"; {len(work) - _MOST_NAMES} more" if len(work) > _MOST_NAMES else ""
        yield Field(
            "work_queues", work[:_MOST_NAMES], f"queues that services consume{more}", off=True
        )


def _slos(found: Mapping[str, Access]) -> Iterator[ProposedSlo]:
    names = UniqueNames()
    several = len(found) > 1
    pairs = [
        (name, bus) for name, each in found.items() for bus, rules in each.rules.items() if rules
    ]
    for source, bus in pairs[:_MOST_SLOS]:
        parts = [bus, source.removeprefix(f"{_NAME}-")] if several else [bus]
        yield ProposedSlo(
            names.of(parts, "delivered"),
            _DELIVERED,
            "eventbridge",
            {"source": source, "bus": bus},
            "bad: invocations that failed after all retries",
        )


def _unreached(failed: Mapping[str, SourceError]) -> Iterator[Unseen]:
    for name, error in failed.items():
        yield Unseen(name, str(error), "correct its role or profile, or remove the account")


def _unseen(found: Mapping[str, Access]) -> Iterator[Unseen]:
    for name, each in found.items():
        for denied in each.denied:
            yield Unseen(
                f"{name}: {denied.action}",
                denied.why,
                f"obs iam policy --source {name}",
            )


def _saw(found: Mapping[str, Access]) -> str:
    every = found.values()
    counts = {
        ("bus", "buses"): sum(len(each.buses) for each in every),
        ("rule", "rules"): sum(len(names) for each in every for names in each.rules.values()),
        ("queue", "queues"): sum(len(each.queues) for each in every),
    }
    told = [f"{number} {one if number == 1 else many}" for (one, many), number in counts.items()]
    where = [f"{len(found)} accounts and regions"] if len(found) > 1 else []
    return ", ".join(where + told)


def _value(value: Any) -> Value:
    if isinstance(value, Mapping):
        return {name: _value(each) for name, each in value.items()}
    return tuple(map(_value, value)) if isinstance(value, list) else str(value)
