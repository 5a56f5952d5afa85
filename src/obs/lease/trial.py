"""Whether a place can keep a lease: it is read, and written to in a way that changes nothing."""

from typing import Final, NamedTuple

from obs.errors import SourceError
from obs.lease.record import Record, decoded, encoded
from obs.lease.store import Conflict, Store

_NEVER: Final = str(2**62)
"""A revision that no place reaches: a write in its place is always refused."""


class Tried(NamedTuple):
    """The holder of the lease, empty where it is free, and how often it was taken."""

    holder: str
    epoch: int


def tried(store: Store, key: str) -> Tried:
    """Read the lease, and try to write it and what is handed over.

    A place judges rights first and then the revision, so a write that conflicts was allowed.
    Blocks. Raises SourceError where one of it is not possible.
    """
    stored = store.read(key)
    record = decoded(stored.value if stored else None) or Record("", 0, 0.0)
    _refused(store, key, encoded(record))
    if store.largest:
        store.read(f"{key}.state")
        _refused(store, f"{key}.state", b"")
    return Tried(record.holder, record.epoch)


def _refused(store: Store, key: str, value: bytes) -> None:
    try:
        store.write(key, value, _NEVER)
    except Conflict:
        return
    raise SourceError("decode", f"{store.where} ignores the revision that a write is to replace")
