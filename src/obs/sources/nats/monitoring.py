"""How much a NATS source's servers may answer: what its caps can need."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from obs.clients.http import Http
from obs.clients.http_login import authorization
from obs.errors import BadInput, SourceError
from obs.spec.nats import NatsSource

_FOR_STREAMS: Final = 16 << 20
_A_CONSUMER: Final = 4 << 10
_MOST_CONSUMERS: Final = 1_000_000  # of one server, however many shards there are
"""/jsz of nats-server 2.15 has 2.2 KB for a consumer of three replicas with its settings, long
names, metadata and five filters; its stream, 2 KB, is shared by several."""


def largest_answer(spec: NatsSource) -> int:
    """Bytes of the longest answer of one server, which has the consumers of every shard."""
    consumers = spec.max_consumers * len(spec.share.every())
    return _FOR_STREAMS + _A_CONSUMER * min(consumers, _MOST_CONSUMERS)


def monitoring_client(spec: NatsSource) -> Http:
    """The client for the source's monitoring addresses."""
    remedy = (
        f"that is all that max_consumers: {spec.max_consumers} can need; increase it if the server "
        "has more, otherwise look at what answers there"
    )
    return Http(
        spec.tls,
        timeout=spec.timeout,
        max_bytes=largest_answer(spec),
        remedy=remedy,
        sign=partial(_signed, spec),
    )


def _signed(spec: NatsSource, url: str) -> Mapping[str, str]:
    """The credentials, for addresses in the spec only: a server may name any other."""
    if spec.monitor_login is None or _origin(url) not in map(_origin, spec.monitor or ()):
        return {}
    try:
        return authorization(spec.monitor_login)
    except BadInput as error:
        raise SourceError("auth", str(error)) from None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
