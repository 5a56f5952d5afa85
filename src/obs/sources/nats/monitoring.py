"""How much a NATS source's servers may answer: what its caps can need."""

from typing import Final

from obs.clients.http import Http
from obs.spec.nats import NatsSource

_FOR_STREAMS: Final = 16 << 20
_A_CONSUMER: Final = 4 << 10
"""/jsz of nats-server 2.15 has 2.2 KB for a consumer of three replicas with its settings, long
names, metadata and five filters; its stream, 2 KB, is shared by several."""


def largest_answer(spec: NatsSource) -> int:
    """Bytes of the longest answer of one server."""
    return _FOR_STREAMS + _A_CONSUMER * spec.max_consumers


def monitoring_client(spec: NatsSource) -> Http:
    """The client for the source's monitoring addresses."""
    remedy = (
        f"that is all that max_consumers: {spec.max_consumers} can need; increase it if the server "
        "has more, otherwise look at what answers there"
    )
    return Http(spec.tls, timeout=spec.timeout, max_bytes=largest_answer(spec), remedy=remedy)
