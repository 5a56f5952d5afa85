"""Work queues: which ones are polled, and which of them are dead-letter queues after all."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.errors import SourceError
from obs.snapshot.sqs import QueueRole
from obs.sources.aws.sqs import FoundQueues, PolledQueue, find_queues, why_left_out
from obs.spec.globs import plain_names

_POLICIES: Final = ("RedrivePolicy", "RedriveAllowPolicy")
_LONGEST: Final = 65_536  # characters of a policy
_MOST_COLONS: Final = 5


def with_work_queues(
    client: AwsClient, dead_letters: FoundQueues, work: FoundQueues, named: Sequence[str], home: str
) -> FoundQueues:
    """Dead-letter queues and work queues, with the dead-letter queues of these.

    `dead_letters` are those of rules and of the spec, `work` what is written under `work_queues`;
    of both, what is `named` in full is a work queue. `home` is `region:account`. Raises
    SourceError where SQS does not answer; what may not be read has no policy.
    """
    names = set(plain_names(named))
    known = {queue.name for queue in dead_letters.found} - names
    candidates = [queue for queue in work.found if queue.name not in known]
    policies = dict(zip(candidates, in_parallel(_policies(client), candidates), strict=True))
    targets = {target for redrive, _ in policies.values() if (target := _target(redrive))}
    beyond = find_queues(client, _unseen(targets, work, dead_letters), (), home)
    pointed_at = {arn.rpartition(":")[2] for arn in targets if _place(arn) == home}
    roles = {queue.name: queue for queue in (*dead_letters.found, *beyond.found)}
    for queue, (_, allow) in policies.items():
        is_dead_letter = queue.name in pointed_at or allow.get("redrivePermission") == "byQueue"
        if queue.name in names or not is_dead_letter:
            roles[queue.name] = replace(queue, role=QueueRole.WORK)
        else:
            roles[queue.name] = queue
    return FoundQueues(
        tuple(sorted(roles.values())),
        dead_letters.left_out + work.left_out + beyond.left_out,
        {**dead_letters.like, **work.like},
        dead_letters.denied | work.denied,
    )


def dead_letter_targets(client: AwsClient, queues: Sequence[PolledQueue]) -> frozenset[str]:
    """Names of the queues that these send their dead letters to. Raises SourceError."""

    def target(queue: PolledQueue) -> str:
        attributes = client.queue_attributes(queue.url, ("RedrivePolicy",))
        return _target(_decoded(attributes.get("RedrivePolicy", ""))).rpartition(":")[2]

    return frozenset(filter(None, in_parallel(target, queues)))


def _unseen(targets: Iterable[str], *found: FoundQueues) -> list[str]:
    """The ARNs of queues that are not found yet."""
    seen = {queue.name for each in found for queue in each.found}
    return [arn for arn in targets if arn.rpartition(":")[2] not in seen]


def _policies(client: AwsClient) -> Any:
    def of(queue: PolledQueue) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            attributes = client.queue_attributes(queue.url, _POLICIES)
        except SourceError as error:
            why_left_out(error)  # raises it again where it concerns all of SQS
            return {}, {}
        redrive, allow = (_decoded(attributes.get(name, "")) for name in _POLICIES)
        return redrive, allow

    return of


def _decoded(policy: str) -> dict[str, Any]:
    """A policy; empty where there is none that can be read."""
    try:
        found = json.loads(policy) if 0 < len(policy) <= _LONGEST else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _target(redrive: dict[str, Any]) -> str:
    """The ARN of the dead-letter queue of a redrive policy; empty where it names none."""
    arn = redrive.get("deadLetterTargetArn")
    fits = isinstance(arn, str) and arn.isprintable() and arn.count(":") == _MOST_COLONS
    return arn if fits and isinstance(arn, str) else ""


def _place(arn: str) -> str:
    return ":".join(arn.split(":")[3:5])
