"""Whether the place of the lease can be read and written, and who leads."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from obs.checks.finding import CheckFinding, right
from obs.errors import SourceError
from obs.lease.kinds import key_of, open_store
from obs.lease.trial import Tried, tried
from obs.spec.ha import HighAvailability, Lease
from obs.spec.system import System

_CAN_I: Final = "kubectl auth can-i update {what} --as system:serviceaccount:NAMESPACE:NAME"


def places(system: System) -> Sequence[str]:
    """The place, where the spec has one."""
    return (system.ha.lease.in_words,) if system.ha else ()


def read_lease(system: System) -> Tried:
    """Changes nothing. Raises SourceError where the collector could not keep the lease there."""
    store = open_store(_ha(system))
    try:
        return tried(store, key_of(system))
    finally:
        with suppress(SourceError):
            store.close()


def judge_lease(place: str, found: Tried) -> Iterator[CheckFinding]:
    """It can be used; who holds it."""
    if found.holder:
        who = f"{found.holder} holds the lease (taken {found.epoch} times so far)"
    else:
        who = "no collector holds the lease"
    yield right(place, f"can be read and written; {who}")


def advise(system: System, place: str, error: SourceError) -> str:
    """The next command."""
    lease = _ha(system).lease
    if lease.nats is not None:
        return _of_nats(lease, lease.nats.bucket, error)
    if lease.kubernetes is not None:
        asked = (_CAN_I.format(what=each) for each in ("leases", "configmaps"))
        return "\n".join(asked) if error.reason == "auth" else "kubectl get lease"
    assert lease.dynamodb is not None
    if error.reason == "auth":
        return "obs iam policy"
    return f"aws dynamodb describe-table --table-name {lease.dynamodb.table}"


def _of_nats(lease: Lease, bucket: str, error: SourceError) -> str:
    """A server does not answer what it forbids, so that a timeout may be a missing right."""
    if "does not exist" in str(error):
        return f"nats kv add {bucket} --replicas 3"
    rights = "obs nats permissions"
    return rights if error.reason == "auth" else f"{rights}\nnats kv status {bucket}"


def _ha(system: System) -> HighAvailability:
    assert system.ha is not None
    return system.ha
