"""Canaries published once by hand, and what became of them."""

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from obs.catalogue import canary
from obs.errors import SourceError
from obs.sources.canary.event import own_id
from obs.sources.canary.opened import open_path
from obs.sources.canary.path import Path, Waiting
from obs.sources.canary.rounds import published_once
from obs.spec.canary import CanarySource

_ARRIVED: Final = 0
_NOT_DELIVERED: Final = canary.STAGES.index("not delivered")
_NOT_PUBLISHED: Final = canary.STAGES.index("not published")
_ONE_LOOK: Final = 1.0  # seconds that a look waits


@dataclass(frozen=True, slots=True)
class Report:
    """One event: how far it came, its latency in seconds if it arrived, and why it did not.

    `unavailable`: the stream, the bus or the consumer did not answer as they should.
    """

    canary: str
    where: str
    id: str
    stage: str
    latency_seconds: float | None = None
    sequence: int | None = None
    error: str = ""
    unavailable: bool = False

    @property
    def arrived(self) -> bool:
        """Whether it did, in time."""
        return self.stage == canary.STAGES[_ARRIVED]


def run_once(name: str, spec: CanarySource, wall: Callable[[], float] = time.time) -> Report:
    """Publish one event that belongs to no slot, and wait for it up to lost_after. Blocks."""
    client = None
    if spec.aws is not None:
        from obs.clients.aws import AwsClient  # noqa: PLC0415  only where the path needs it

        client = AwsClient(spec.aws, time.monotonic)
    try:
        with closing(open_path(name, spec, client, wall)) as path:
            return _run(name, spec, path, wall)
    finally:
        if client is not None:
            client.close()


def _run(name: str, spec: CanarySource, path: Path, wall: Callable[[], float]) -> Report:
    id = own_id(name, f"by-hand.{secrets.token_hex(8)}")
    try:
        event, accepted = published_once(name, path, id, wall())
    except SourceError as error:
        return _report(name, spec, id, _NOT_PUBLISHED, error)
    sequence = accepted.sequence if accepted else 0
    waiting = {id: Waiting(event.at, sequence)}
    ends, stage = time.monotonic() + spec.lost_after, _NOT_DELIVERED
    try:
        while (left := ends - time.monotonic()) > 0:
            seen = path.look(waiting, min(left, _ONE_LOOK))
            for each in seen.arrivals:
                if each.id == id:
                    latency = max(each.at - event.at, 0.0)
                    found = _report(name, spec, id, _ARRIVED, sequence=sequence)
                    return Report(*(name, found.where, id, found.stage), latency, found.sequence)
            stage = seen.stages.get(id, stage)
    except SourceError as error:
        return _report(name, spec, id, stage, error, sequence)
    return _report(name, spec, id, stage, None, sequence)


def _report(  # noqa: PLR0917  one event
    name: str,
    spec: CanarySource,
    id: str,
    stage: int,
    error: SourceError | None = None,
    sequence: int = 0,
) -> Report:
    return Report(
        name,
        spec.where,
        id,
        canary.STAGES[stage],
        sequence=sequence or None,
        error="" if error is None else str(error),
        unavailable=error is not None,
    )
