"""What the leader leaves for the one after it: some bytes, in pieces beside the lease.

A manifest names the pieces and their digest, and is written last, in place of the one that this
leader read or wrote before: what is in between, or of a leader that is none any more, counts for
nothing. Pieces are written to two places in turn, so that the last whole handover is never touched,
and each of some terms has two of its own, so that one that leads no more touches nothing either.
"""

import hashlib
import zlib
from typing import Annotated, Final

import msgspec

from obs.errors import SourceError
from obs.lease.store import Store

MOST: Final = 8 << 20
"""Bytes that a handover has at most, compressed."""
_MOST_UNPACKED: Final = 20 * MOST
_LEVEL: Final = 6
_SLOTS: Final = ("a", "b")
_TERMS: Final = 4  # with places of their own


class Manifest(msgspec.Struct, frozen=True):
    """Which pieces there are. `at` is in Unix seconds."""

    epoch: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    at: float
    slot: Annotated[str, msgspec.Meta(pattern="^[0-9][ab]$")]
    pieces: Annotated[int, msgspec.Meta(ge=0, le=4_096)]
    digest: Annotated[str, msgspec.Meta(max_length=64)]


class Handed(msgspec.Struct, frozen=True):
    """What the leader of `epoch` left at `at` (Unix seconds)."""

    epoch: int
    at: float
    body: bytes


class Handover:
    """Writes and reads handovers beside a lease. Methods block and raise SourceError."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = f"{key}.state"
        self._revision: str | None = None
        self._next = 0
        self._epoch = 0

    @property
    def is_possible(self) -> bool:
        """Whether the place keeps anything but the lease."""
        return self._store.largest > 0

    @property
    def seldom(self) -> float:
        """Seconds that are to be at least between two."""
        return self._store.seldom

    def leave(self, body: bytes, epoch: int, at: float) -> int:
        """Leave this for the next leader; gives the number of bytes that it is stored as.

        Raises SourceError, with reason too_large where it is too much.
        """
        packed = zlib.compress(body, _LEVEL)
        if len(packed) > MOST:
            size = f"{len(packed)} bytes, compressed, are more than {MOST}"
            raise SourceError("too_large", f"the state is not handed over: {size}")
        if epoch != self._epoch:  # another may have written since
            found = self._manifest()
            if found is not None and found.epoch > epoch:
                raise SourceError("unavailable", "a later leader has handed over its state")
            self._epoch, self._next = epoch, 1 if found and found.slot[-1] == _SLOTS[0] else 0
        slot = f"{epoch % _TERMS}{_SLOTS[self._next]}"
        step = self._store.largest
        pieces = [packed[start : start + step] for start in range(0, len(packed), step)]
        for number, piece in enumerate(pieces):
            self._store.put(self._piece(slot, number), piece)
        manifest = Manifest(epoch, at, slot, len(pieces), hashlib.sha256(packed).hexdigest())
        try:
            self._revision = self._store.write(
                self._key, msgspec.json.encode(manifest), self._revision
            )
        except SourceError:
            self._epoch = 0  # read it again
            raise
        self._next = 1 - self._next
        return len(packed)

    def left(self) -> Handed | None:
        """What there is; None where there is nothing whole. Raises SourceError."""
        found = self._manifest()
        if found is None:
            return None
        packed = b""
        for number in range(found.pieces):
            piece = self._store.read(self._piece(found.slot, number))
            packed += (piece.value if piece else None) or b""
            if len(packed) > MOST:
                return None
        if hashlib.sha256(packed).hexdigest() != found.digest:
            return None
        body = _unpacked(packed)
        return None if body is None else Handed(found.epoch, found.at, body)

    def _manifest(self) -> Manifest | None:
        stored = self._store.read(self._key)
        self._revision = stored.revision if stored else None
        try:
            return msgspec.json.decode((stored and stored.value) or b"", type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _piece(self, slot: str, number: int) -> str:
        return f"{self._key}.{slot}.{number}"


def _unpacked(packed: bytes) -> bytes | None:
    """The body; None where it is not readable, or much too large."""
    unpacking = zlib.decompressobj()
    try:
        body = unpacking.decompress(packed, _MOST_UNPACKED)
    except zlib.error:
        return None
    return body if unpacking.eof else None
