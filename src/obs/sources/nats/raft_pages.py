"""What obs reads of /raftz: the Raft groups of one account on one server, summed up."""

from collections import Counter
from typing import Final

import msgspec

from obs.errors import SourceError
from obs.snapshot.servers import RaftGroups
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Sequence

_STATES: Final = ("leader", "follower", "candidate", "closed")


class _Peer(msgspec.Struct, frozen=True, gc=False):
    last_replicated_index: Sequence | None = None


class _Group(msgspec.Struct, frozen=True, gc=False):
    state: str
    leader: str = ""
    committed: Sequence = 0
    applied: Sequence = 0
    catching_up: bool = False
    peers: dict[str, _Peer] | None = None


_ACCOUNTS: Final = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw] | None] | None)
_GROUP: Final = msgspec.json.Decoder(_Group)


def raft_groups(body: bytes, server: str) -> RaftGroups:
    """The groups summed up; of none where the server has none. Raises SourceError(decode)."""
    try:
        accounts = _ACCOUNTS.decode(body) or {}
    except tolerant.ODD as error:
        raise SourceError("decode", f"{server}: not a response of nats-server: {error}") from None
    told = [raw for groups in accounts.values() for raw in (groups or {}).values()]
    found = [group for raw in told if (group := _group(raw)) is not None]
    behind = [max(each.committed - each.applied, 0) for each in found]
    return RaftGroups(
        Counter(each.state.lower() for each in found if each.state.lower() in _STATES),
        sum(not each.leader for each in found),
        sum(each.catching_up for each in found),
        sum(behind),
        max(behind, default=0),
        max((_peer_lag(each) for each in found), default=0),
        len(told) - len(found),
    )


def _group(raw: msgspec.Raw) -> _Group | None:
    try:
        return _GROUP.decode(raw)
    except tolerant.ODD:
        return None


def _peer_lag(group: _Group) -> int:
    """Only a leader tells what its followers have."""
    if group.state.lower() != "leader":
        return 0
    has = [each.last_replicated_index for each in (group.peers or {}).values()]
    return max((max(group.committed - index, 0) for index in has if index is not None), default=0)
