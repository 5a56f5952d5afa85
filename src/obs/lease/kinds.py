"""The kinds of places for a lease. This is the one list; each is a module of this package."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from obs.clients.nats_subjects import key_subject, read_subject
from obs.extras import require_extra
from obs.lease.store import Store
from obs.spec.ha import HighAvailability, Lease
from obs.spec.system import System

EXTRAS: Final = {"nats": "", "kubernetes": "", "dynamodb": "aws"}
"""The optional dependency group that each kind needs, if any."""
_REQUESTS: Final = 6  # of a renewal's interval: a request ends well before the next
_LONGEST: Final = 5.0  # seconds of a request


def subjects(ha: HighAvailability | None, key: str) -> dict[str, tuple[str, ...]]:
    """What is published to over NATS for the lease of this key, by where the spec has the
    connection."""
    if ha is None or ha.lease.nats is None or ha.lease.connection is None:
        return {}
    bucket, api = ha.lease.nats.bucket, ha.lease.connection.api
    written = (key_subject(bucket, each, api) for each in (key, f"{key}.>"))
    return {ha.lease.connection_at: (read_subject(bucket, api), *written)}


def key_of(system: System) -> str:
    """Under which key a system's lease is kept; without dots, which begin further keys."""
    return system.full_name.replace(".", "_")


def open_store(ha: HighAvailability) -> Store:
    """The place of the lease; sends nothing yet. Raises MissingExtra."""
    kind = ha.lease.kind
    if EXTRAS[kind]:
        require_extra(EXTRAS[kind], f"ha.lease.{kind}")
    opened: Callable[[Lease, float], Store] = import_module(f"obs.lease.{kind}").open_store
    return opened(ha.lease, min(ha.ttl / _REQUESTS, _LONGEST))
