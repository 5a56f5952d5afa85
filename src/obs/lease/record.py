"""What a lease says, and when another collector may take it. Pure."""

import math
from typing import Annotated, Final

import msgspec

_LONGEST: Final = 3_600.0  # seconds, whatever a record says


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """One term of leadership; written anew by each renewal.

    `holder` is empty once the lease was given back. `epoch` is the fencing token: it grows by one
    with each collector that takes the lease. `ttl` is in seconds.
    """

    holder: Annotated[str, msgspec.Meta(max_length=256)]
    epoch: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    ttl: Annotated[float, msgspec.Meta(ge=0)]
    renewals: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0


def encoded(record: Record) -> bytes:
    """As it is written."""
    return msgspec.json.encode(record)


def decoded(value: bytes | None) -> Record | None:
    """What is written; None where it is not readable."""
    try:
        found = msgspec.json.decode(value or b"", type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if math.isfinite(found.ttl) else None


class Watch:
    """How long a lease has not been renewed, by this collector's clock alone.

    Clocks of two machines need not agree: what counts is for how long the same revision was seen.
    """

    def __init__(self, ttl: float) -> None:
        """`ttl`: seconds, where the lease itself says less."""
        self._ttl = ttl
        self._revision: str | None = None
        self._since = 0.0

    def may_take(self, record: Record | None, revision: str, now: float) -> bool:
        """Whether its holder has lost it, or gave it back; `now` is monotonic, in seconds, after
        the lease was read."""
        if revision != self._revision:
            self._revision, self._since = revision, now
        if record is not None and not record.holder:
            return True
        ttl = max(self._ttl, min(record.ttl, _LONGEST) if record else 0.0)
        return now - self._since >= ttl
