"""Data from a NATS client connection: dead letters, and exact lag in seconds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obs.families.family import Family
from obs.sources.kind import Listener, Updates
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.spec.nats import NatsConnection

if TYPE_CHECKING:
    from obs.errors import SourceError
    from obs.sources.nats.advisories import Arrival
    from obs.sources.nats.arrival_times import ArrivalTimes

# ruff: noqa: PLC0415  the NATS library is loaded after the first poll


def dead_letters(
    name: str, connection: NatsConnection, tracker: ConsumerTracker, clock: Callable[[], float]
) -> Listener:
    """Counts the dead letters that advisories report. `clock` returns Unix seconds."""

    async def listen(updates: Updates) -> None:
        from obs.sources.nats.advisories import Advisories
        from obs.sources.nats.advisory_stream import Position

        def take(arrival: "Arrival") -> None:
            at = arrival.position
            position = (at.created, at.sequence) if at else None

            def record() -> list[Family]:
                tracker.record_dead_letters(arrival.dead_letters, position)
                return []

            updates.apply_soon(record)

        def report(error: "SourceError | None") -> None:
            def record() -> list[Family]:
                tracker.hear(connection.account, heard=error is None)
                return []

            updates.apply_soon(record)
            updates.connected(error)

        position = Position(*tracker.position) if tracker.position else None
        await Advisories(name, connection, clock, position).run(take, report)

    return listen


class ExactLag:
    """Queries when messages arrived, where the monitoring port leaves the lag uncertain."""

    def __init__(
        self,
        name: str,
        connection: NatsConnection,
        tracker: ConsumerTracker,
        monotonic: Callable[[], float],
    ) -> None:
        self._name = name
        self._connection = connection
        self._tracker = tracker
        self._monotonic = monotonic
        self._times: ArrivalTimes | None = None

    async def connect(self, _: Updates) -> None:
        """Keep connected until cancelled, from the first query on."""
        from obs.sources.nats.arrival_times import ArrivalTimes

        self._times = ArrivalTimes(self._name, self._connection, self._monotonic)
        await self._times.run()

    async def refine(self, updates: Updates) -> None:
        """Query the open questions of the last poll, and refine lags by the answers."""
        questions = self._tracker.questions
        if self._times and questions:
            answers = await self._times.query(questions)
            await updates.apply(lambda: self._tracker.record_arrivals(answers))
