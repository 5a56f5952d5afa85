"""What obs reads of /connz: the connections of one account's clients to one server."""

from datetime import datetime
from typing import Final

import msgspec

from obs.snapshot.servers import AccountConnections, ClientConnection
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count, unix_seconds
from obs.sources.nats.link_pages import seconds

MOST: Final = 10_000  # connections to one server
_LONGEST: Final = 256  # characters of a name


class _Connection(msgspec.Struct, frozen=True, gc=False):
    cid: Count
    kind: str = ""
    name: str = ""
    last_activity: datetime | None = None
    rtt: str = ""
    pending_bytes: Count = 0
    in_msgs: Count = 0
    out_msgs: Count = 0
    in_bytes: Count = 0
    out_bytes: Count = 0
    subscriptions: Count = 0


class _Connz(msgspec.Struct, frozen=True, gc=False):
    total: Count = 0
    connections: tuple[msgspec.Raw, ...] | None = None


_CONNZ: Final = msgspec.json.Decoder(_Connz)
_CONNECTION: Final = msgspec.json.Decoder(_Connection)


def client_connections(body: bytes, server: str, account: str) -> AccountConnections:
    """The account's connections; one with an odd value is left out. Raises SourceError(decode)."""
    page = tolerant.decode(_CONNZ, body, server)
    listed = page.connections or ()
    read = [_connection(each) for each in listed[:MOST]]
    found = tuple(each for each in read if each is not None)
    odd = len(read) - len(found)
    return AccountConnections(account, found, max(page.total - len(listed[:MOST]), 0) + odd)


def _connection(raw: msgspec.Raw) -> ClientConnection | None:
    try:
        each = _CONNECTION.decode(raw)
    except tolerant.ODD:
        return None
    return ClientConnection(
        *(each.cid, each.name[:_LONGEST]),
        *(each.in_msgs, each.out_msgs, each.in_bytes, each.out_bytes),
        *(each.subscriptions, each.pending_bytes),
        seconds(each.rtt),
        unix_seconds(each.last_activity),
    )
