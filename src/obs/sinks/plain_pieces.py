"""Plain text of compressed pieces, inflated once for all who read it at the same time."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Final

from obs.sinks.gzip_stream import Piece, inflate

_MOST_KEPT: Final = 48 * 1024 * 1024  # bytes; 10 000 consumers have 32 MB
_UNREAD_SECONDS: Final = 30.0
_SMALL: Final = 64 * 1024  # bytes; smaller pieces are sent together


class PlainPieces:
    """Keeps the pieces that were read last; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[Piece, tuple[float, bytes]] = OrderedDict()  # read last: the end
        self._size = 0

    def joined(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        """The plain bytes; what is small is joined with its neighbours."""
        small: list[bytes] = []
        size = 0
        for piece in pieces:
            if piece.size < _SMALL:
                small.append(inflate(piece))
                size += piece.size
            if small and (piece.size >= _SMALL or size >= _SMALL):
                yield b"".join(small)
                small, size = [], 0
            if piece.size >= _SMALL:
                yield self._plain(piece)
        if small:
            yield b"".join(small)

    def forget_unread(self) -> None:
        """Free what nobody has read for a while."""
        with self._lock:
            before = self._clock() - _UNREAD_SECONDS
            while self._kept and next(iter(self._kept.values()))[0] < before:
                self._drop_oldest()

    def _plain(self, piece: Piece) -> bytes:
        now = self._clock()
        with self._lock:
            known = self._kept.pop(piece, None)
            if known is not None:
                self._kept[piece] = now, known[1]
                return known[1]
        plain = inflate(piece)
        with self._lock:
            if piece not in self._kept:
                self._kept[piece] = now, plain
                self._size += len(plain)
            while self._size > _MOST_KEPT:
                self._drop_oldest()
        return plain

    def _drop_oldest(self) -> None:
        _, (_, plain) = self._kept.popitem(last=False)
        self._size -= len(plain)
