"""Whether an AWS account answers, and to what its credentials are not entitled."""

import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from obs.checks.check import Check
from obs.checks.clocks import judge_clock
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.sources.aws.access import Identity, identity, read_a_metric
from obs.sources.aws.inventory import Inventory, take_inventory
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """Whose credentials they are, what they list, and what was refused."""

    who: Identity
    inventory: Inventory | None
    refused: tuple[SourceError, ...]


def _read(context: CheckContext, name: str) -> ReachFacts:
    client = cast("AwsClient", context.client(name))
    who = identity(client)
    refused: list[SourceError] = []

    def tried(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except SourceError as error:
            if error.reason != "auth":
                raise
            refused.append(error)
            return None

    spec = context.system.sources.aws[name]
    inventory = tried(lambda: take_inventory(client, spec, time.time()))
    tried(lambda: read_a_metric(client))
    return ReachFacts(who, inventory, tuple(refused))


def judge(system: System, name: str, facts: ReachFacts) -> Iterator[CheckFinding]:
    """Who signs in, what there is to watch, which right is missing, and the clock."""
    region = system.sources.aws[name].region
    yield right(name, f"AWS answers in {region} to {facts.who.arn}")
    for error in facts.refused:
        yield wrong(name, str(error), *_policy(name))
    if facts.inventory is not None:
        yield from _watched(name, facts.inventory)
    if facts.who.ahead is not None:
        yield judge_clock(f"{name}: AWS", *facts.who.ahead)


def _watched(name: str, found: Inventory) -> Iterator[CheckFinding]:
    rules, queues = len(found.rules), len(found.queues)
    if rules or queues or found.resources:
        yield right(name, f"the spec selects {rules} rules and {queues} queues")
    else:
        buses = ", ".join(found.names.buses) or "none"
        yield doubtful(
            name,
            f"the spec selects nothing that exists; buses here: {buses}",
            f"check region and buses in the spec: sources.aws.{name}",
        )
    for reason in ("denied", "unlisted"):
        if number := found.left_out.get(reason):
            yield doubtful(name, f"{number} objects are left out: not permitted", *_policy(name))


def _policy(name: str) -> tuple[str, ...]:
    return (f"obs iam policy --source {name}",)


def _advise(system: System, name: str, error: SourceError) -> str:
    spec = system.sources.aws[name]
    profile = f" --profile {shlex.quote(spec.profile)}" if spec.profile else ""
    at = f" --endpoint-url {shlex.quote(spec.endpoint_url)}" if spec.endpoint_url else ""
    return f"aws sts get-caller-identity --region {spec.region}{profile}{at}"


REACH: Final[tuple[Check[Any], ...]] = (
    Check(
        "aws-reach",
        "Does AWS answer, and may the collector read what the spec selects?",
        lambda system: tuple(system.sources.aws),
        "the spec has no AWS source",
        read=_read,
        judge=judge,
        advise=_advise,
    ),
)
