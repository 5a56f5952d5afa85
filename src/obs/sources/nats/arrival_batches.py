"""Hands what a connection hears over to the collector: in batches, and a bounded number of them.

However many dead letters come, one batch is under way at a time, and between two of them the
collector has time for everything else. So polls and the end of the process wait for one batch.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from obs.sources.nats.hearing import Arrival

_LOG: Final = logging.getLogger(__name__)
MOST: Final = 10_000
"""Dead letters that wait; more are dropped, unless they can be read again later."""
_SHARE: Final = 4  # times as long as the last batch took, before the next one
_LONGEST_PAUSE: Final = 5.0  # seconds

_NONE, _LATELY = 0, 2
"""How many times it has to be told until when all was heard, before hearing begins anew: the first
may be about a moment before the last one was dropped."""

Steps = Sequence[Arrival | None]
"""What a connection heard, in order; None: it was lost."""
HandOver = Callable[[Steps, int], Awaitable[None]]
"""Records steps, and how many dead letters were dropped before them."""


class ArrivalBatches:
    """What one connection has heard and the collector does not know yet."""

    def __init__(self, hand_over: HandOver) -> None:
        self._hand_over = hand_over
        self._steps: list[Arrival | None] = []
        self._then: list[Callable[[], None]] = []
        self._waiting = 0  # dead letters
        self._dropped = 0
        self._missed = _NONE
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def take(self, arrival: Arrival) -> None:
        """Add an arrival. Where too many dead letters wait they are dropped, and hearing begins
        anew after that."""
        number = len(arrival.dead_letters)
        if number and self._waiting >= MOST and arrival.position is None:
            self._dropped += number
            self._missed = _LATELY
            self._some.set()
            return
        if self._missed and arrival.heard_until is not None:
            self._missed -= 1
            if self._missed:
                return
            arrival = replace(arrival, begins=True)
        self._waiting += len(arrival.dead_letters)
        if self._waiting >= MOST:
            self._room.clear()
        self._add(arrival)

    def lose(self) -> None:
        """The connection was lost."""
        self._missed = _NONE  # it will begin anew
        self._add(None)

    def then(self, call: Callable[[], None]) -> None:
        """Call this once all so far is handed over."""
        self._then.append(call)
        self._some.set()

    async def room(self) -> None:
        """Wait until there is room for more."""
        await self._room.wait()

    async def run(self) -> None:
        """Hand over until cancelled."""
        while True:
            await self._some.wait()
            then, self._then = self._then, []
            begun = time.monotonic()
            try:
                await self._hand_over(*self.rest())
            except Exception:  # noqa: BLE001  the next batch may be well
                _LOG.exception("internal error")
            for call in then:
                call()
            await asyncio.sleep(min(_SHARE * (time.monotonic() - begun), _LONGEST_PAUSE))

    def rest(self) -> tuple[Steps, int]:
        """What is not handed over yet, and is from now on."""
        steps, dropped = self._steps, self._dropped
        self._steps, self._waiting, self._dropped = [], 0, 0
        self._some.clear()
        self._room.set()
        return steps, dropped

    def _add(self, step: Arrival | None) -> None:
        self._steps.append(step)
        self._some.set()
