"""The boxes on JetStream that a spec names."""

import time
from collections.abc import Iterator
from functools import partial

from obs.clients.nats_session import NatsSession
from obs.dead_letters.box import Box
from obs.dead_letters.jetstream.advisories import AdvisoryBox
from obs.dead_letters.jetstream.api import Jetstream
from obs.dead_letters.jetstream.published import PublishedBox
from obs.dead_letters.kinds import Named, Opening
from obs.spec.nats import NatsConnection
from obs.spec.system import System


def named(system: System) -> Iterator[Named]:
    """The advisory stream and the dead-letter stream of each connection."""
    for source, spec in system.sources.nats.items():
        for each in spec.every_connection:
            if each.advisory_stream is not None:
                name = f"{source}/{each.advisory_stream}"
                yield Named(name, partial(_advisories, name, each, spec.timeout))
            if each.dead_letters is not None:
                name = f"{source}/{each.dead_letters.stream}"
                yield Named(name, partial(_published, name, each, spec.timeout))


def found(system: System) -> Iterator[Named]:
    """None: which streams hold dead letters only the spec can tell."""
    yield from ()


def _advisories(name: str, spec: NatsConnection, timeout: float, _: Opening) -> Box:
    assert spec.advisory_stream is not None
    jetstream = _jetstream(name, spec, timeout)
    return AdvisoryBox(name, jetstream, spec.advisory_stream, spec, time.time)


def _published(name: str, spec: NatsConnection, timeout: float, _: Opening) -> Box:
    assert spec.dead_letters is not None
    return PublishedBox(name, _jetstream(name, spec, timeout), spec.dead_letters)


def _jetstream(name: str, spec: NatsConnection, timeout: float) -> Jetstream:
    return Jetstream(NatsSession(spec, f"obs dlq {name}", timeout=timeout), spec.api)
