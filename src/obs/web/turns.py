"""One at a time, fair by address: who waits behind nobody of its own address goes first."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from obs.web.throttle import TooManyWrongPasswords

_OF_AN_ADDRESS: Final = 8  # that wait
_IN_ALL: Final = 128


class Turns:
    """`penalty(address)` puts an address back: the one with the lowest goes first."""

    def __init__(self, penalty: Callable[[str], float]) -> None:
        self._penalty = penalty
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # the longest waiting first
        self._taken = False

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """While it is the turn of `address`.

        Raises TooManyWrongPasswords where too many wait already.
        """
        if self._taken:
            await self._wait(address)
        self._taken = True
        try:
            yield
        finally:
            self._taken = False
            self._next()

    async def _wait(self, address: str) -> None:
        self._make_room(address)
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._taken = False
                self._next()
            else:
                self._drop(address, waiter)
            raise

    def _make_room(self, address: str) -> None:
        own = len(self._waiting.get(address, ()))
        if own >= _OF_AN_ADDRESS:
            raise TooManyWrongPasswords(1)
        if sum(map(len, self._waiting.values())) < _IN_ALL:
            return
        most = max(self._waiting, key=lambda each: (len(self._waiting[each]), self._penalty(each)))
        worse = (len(self._waiting[most]), self._penalty(most)) > (own, self._penalty(address))
        if not worse:
            raise TooManyWrongPasswords(1)
        last = self._waiting[most][-1]
        self._drop(most, last)
        if not last.done():
            last.set_exception(TooManyWrongPasswords(1))

    def _next(self) -> None:
        """Wake who goes next; among equals the address that was not served for the longest."""
        while self._waiting:
            address = min(self._waiting, key=self._penalty)
            queue = self._waiting.pop(address)
            waiter = queue.popleft()
            if queue:
                self._waiting[address] = queue  # behind the others
            if not waiter.done():  # else it gave up just now
                self._taken = True
                waiter.set_result(None)
                return

    def _drop(self, address: str, waiter: "asyncio.Future[None]") -> None:
        queue = self._waiting.get(address)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[address]
