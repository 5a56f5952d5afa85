"""Data from NATS client connections: dead letters, and exact lag in seconds."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from obs.clients.threads import in_thread
from obs.errors import SourceError
from obs.sources.kind import Clock, Listener, Updates
from obs.sources.nats.consumer_tracker import ConsumerTracker
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
        from obs.sources.nats.arrival_batches import ArrivalBatches, Steps
        from obs.sources.nats.imports import verify_imports

        async def hand_over(steps: Steps, dropped: int) -> None:
            await updates.apply(lambda: tracker.hear(of.account, steps, dropped))

        batches = ArrivalBatches(hand_over)

        def report(error: SourceError | None) -> None:
            if error is not None:
                batches.lose()
            batches.then(lambda: updates.connected(error, connection))

        advisories = Advisories(
            name,
            of,
            clock.wall,
            tracker.heard.positions.get(of.account),
            every=min(spec.poll, _HEARD_EVERY),
            verify=(lambda: in_thread(lambda: verify_imports(spec, of), "obs-imports"))
            if of.imports
            else None,
        )
        handing_over = asyncio.ensure_future(batches.run())
        try:
            await advisories.run(batches.take, report, batches.room)
        finally:
            handing_over.cancel()
            steps, dropped = batches.rest()
            if steps:
                updates.apply_soon(lambda: tracker.hear(of.account, steps, dropped))

    return listen


def events(
    name: str, spec: NatsSource, connection: NatsConnection, tracker: ConsumerTracker
) -> Listener:
    """Counts the events of the accounts that one of the source's connections hears."""

    async def listen(updates: Updates) -> None:
        from obs.sources.nats.events import Events
        from obs.sources.nats.heard_events import HeardEvents

        def hand_over(heard: HeardEvents | None) -> None:
            updates.apply_soon(lambda: tracker.hear_events(connection.account, heard))

        counted = tracker.events
        await Events(
            name, connection, hand_over, spec.poll, ack_waits=lambda: counted.ack_waits
        ).run()

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
