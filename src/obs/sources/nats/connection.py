"""Data from NATS client connections: dead letters, and exact lag in seconds."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from obs.errors import SourceError
from obs.sources.kind import Clock, Listener, Updates
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.hearing import Arrival
from obs.spec.nats import NatsConnection, NatsSource

if TYPE_CHECKING:
    from obs.sources.nats.arrival_times import ArrivalTimes

# ruff: noqa: PLC0415  the NATS library is loaded after the first poll

_HEARD_EVERY: Final = 5.0  # seconds between two proofs that nothing was missed


def names(spec: NatsSource) -> dict[str, NatsConnection]:
    """The source's connections by name: `connection`, or `connection/ACCOUNT` of several."""
    every = spec.every_connection
    if len(every) == 1:
        return {"connection": every[0]}
    return {f"connection/{each.account}": each for each in every}


def dead_letters(
    name: str, spec: NatsSource, connection: str, tracker: ConsumerTracker, clock: Clock
) -> Listener:
    """Counts the dead letters that advisories report on one of the source's connections."""
    of = names(spec)[connection]

    async def listen(updates: Updates) -> None:
        from obs.sources.nats.advisories import Advisories
        from obs.sources.nats.imports import verify_imports

        def take(arrival: Arrival) -> None:
            updates.apply_soon(lambda: tracker.record_dead_letters(of.account, arrival))

        def report(error: SourceError | None) -> None:
            if error is not None:
                updates.apply_soon(lambda: tracker.lose_connection(of.account))
            updates.connected(error, connection)

        advisories = Advisories(
            name,
            of,
            clock.wall,
            tracker.heard.positions.get(of.account),
            every=min(spec.poll, _HEARD_EVERY),
            verify=(lambda: asyncio.to_thread(verify_imports, spec, of)) if of.imports else None,
        )
        await advisories.run(take, report)

    return listen


class ExactLag:
    """Queries when messages arrived, where the monitoring port leaves the lag uncertain."""

    def __init__(
        self,
        name: str,
        connections: Sequence[NatsConnection],
        tracker: ConsumerTracker,
        monotonic: Callable[[], float],
    ) -> None:
        self._name = name
        self._connections = connections
        self._tracker = tracker
        self._monotonic = monotonic
        self._times: dict[str, ArrivalTimes] = {}

    def listeners(self) -> list[Listener]:
        """For each account one, which keeps connected until cancelled, from the first query on."""
        return [self._connecting(each) for each in self._connections]

    async def refine(self, updates: Updates) -> None:
        """Query the open questions of the last poll, and refine lags by the answers."""
        await asyncio.gather(*(self._refine(account, updates) for account in self._times))

    def _connecting(self, connection: NatsConnection) -> Listener:
        async def connect(_: Updates) -> None:
            from obs.sources.nats.arrival_times import ArrivalTimes

            times = ArrivalTimes(self._name, connection, self._monotonic)
            self._times[connection.account] = times
            await times.run()

        return connect

    async def _refine(self, account: str, updates: Updates) -> None:
        questions = self._tracker.questions(account)
        if questions:
            answers = await self._times[account].query(questions)
            await updates.apply(lambda: self._tracker.record_arrivals(account, answers))
