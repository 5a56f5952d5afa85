"""Asks the micro services of each account, beside the poll of consumers.

One request and one reply of each instance at every `poll`, over a connection of its own.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from obs.errors import SourceError
from obs.families.family import Family
from obs.sources.kind import Clock, Listener, Updates
from obs.sources.nats import subjects
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.service_replies import Replies
from obs.spec.nats import NatsConnection, NatsSource

if TYPE_CHECKING:
    from nats.aio.client import Client

# ruff: noqa: PLC0415  the NATS library is loaded after the first poll

WAIT: Final = 2.0
"""Seconds for which replies are taken; an instance that takes longer counts as missing."""


def service_names(spec: NatsSource) -> dict[str, NatsConnection]:
    """The connections over which services are asked, by name: `services`, or `services/ACCOUNT` of
    several; none where the spec does not collect services."""
    if "services" not in spec.collect:
        return {}
    every = spec.every_connection
    if len(every) == 1:
        return {"services": every[0]}
    return {f"services/{each.account}": each for each in every}


def service_polls(
    name: str, spec: NatsSource, tracker: ConsumerTracker, clock: Clock
) -> Iterator[Listener]:
    """For each account one that asks its services until cancelled."""
    for connection in service_names(spec):
        yield _asking(name, spec, connection, tracker, clock)


def _asking(
    name: str, spec: NatsSource, connection: str, tracker: ConsumerTracker, clock: Clock
) -> Listener:
    of = service_names(spec)[connection]

    async def listen(updates: Updates) -> None:
        from obs.clients.nats import keep_connected
        from obs.sources.nats.service_asking import ask

        def take(replies: Replies, now: float) -> Sequence[Family]:
            tracker.services.take(of.account, replies, now)
            return ()  # shown with the next poll

        async def use(client: "Client", ready: Callable[[], None]) -> None:
            while True:
                begun = clock.monotonic()
                replies = await ask(client, min(WAIT, spec.timeout))
                # Otherwise a network that loses every packet would look like no service at all.
                await client.flush(math.ceil(spec.timeout))
                ready()
                await updates.apply(partial(take, replies, clock.wall()))
                await asyncio.sleep(max(begun + spec.poll - clock.monotonic(), 0.0))

        def report(error: SourceError | None) -> None:
            if error is not None:  # the library tells subjects in lower case
                text = str(error).replace(subjects.SERVICES.lower(), subjects.SERVICES)
                error = SourceError(error.reason, text)
            updates.connected(error, connection)

        await keep_connected(of, f"obs {name} services", use, report, timeout=spec.timeout)

    return listen
