"""The kinds of places for a lease. This is the one list; each is a module of this package."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from obs.extras import require_extra
from obs.lease.store import Store
from obs.spec.ha import HighAvailability, Lease

EXTRAS: Final = {"nats": "", "kubernetes": "", "dynamodb": "aws"}
"""The optional dependency group that each kind needs, if any."""
_REQUESTS: Final = 6  # of a renewal's interval: a request ends well before the next
_LONGEST: Final = 5.0  # seconds of a request


def open_store(ha: HighAvailability) -> Store:
    """The place of the lease; sends nothing yet. Raises MissingExtra."""
    kind = ha.lease.kind
    if EXTRAS[kind]:
        require_extra(EXTRAS[kind], f"ha.lease.{kind}")
    opened: Callable[[Lease, float], Store] = import_module(f"obs.lease.{kind}").open_store
    return opened(ha.lease, min(ha.ttl / _REQUESTS, _LONGEST))
