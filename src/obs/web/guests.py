"""Who is connected, and who has to leave for somebody else.

Fair by address: when all places are taken, the address that holds most gives one up, that of the
client that has kept us waiting for a request the longest. A client that asks at once gets in
however many connections another address opens and leaves silent.
"""

from ipaddress import ip_address
from typing import Final, Protocol

from obs.web.limits import Patience, Phase, Places

_WAITED_FOR: Final = (Phase.ASKING, Phase.IDLE)


class Line(Protocol):
    """What connects us with a guest."""

    def end(self) -> None:
        """At once, with what is not sent yet."""

    def unsent(self) -> bool:
        """Whether something waits for the client to read."""

    def closing(self) -> bool:
        """Whether it ends as soon as nothing waits any more."""


class Guest:
    """One connection, from its acceptance on."""

    def __init__(self, address: str, now: float, line: Line | None = None) -> None:
        self.address = address
        self.patience = Patience(now)
        self.line = line  # None: just accepted

    def overdue(self, now: float) -> str | None:
        """Why it must leave, "" where nobody needs to know; None while it may stay."""
        line = self.line
        if line is not None and line.closing():
            self.patience.closing(now)
        return self.patience.overdue(now, unsent=line is not None and line.unsent())


class Guests:
    """All connections of a server; every call is on its event loop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._by_address: dict[str, dict[Guest, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def all(self) -> list[Guest]:
        """Those that are connected now."""
        return [guest for held in self._by_address.values() for guest in held]

    def admit(self, peer: str, now: float) -> tuple[Guest | None, Guest | None]:
        """A guest for a new connection from `peer`, and who had to leave for it.

        No guest where there is no place; the caller ends the connection of the one that leaves.
        """
        address = shared_address(peer)
        gone = None
        if not self._has_place(address):
            gone = self._least_missed(address)
            if gone is None:
                return None, None
            self.remove(gone)
        guest = Guest(address, now)
        self._by_address.setdefault(address, {})[guest] = None
        self._count += 1
        return guest, gone

    def remove(self, guest: Guest) -> None:
        """The connection has ended. Nothing happens when told again."""
        held = self._by_address.get(guest.address, {})
        if guest not in held:
            return
        del held[guest]
        self._count -= 1
        if not held:
            del self._by_address[guest.address]

    def _has_place(self, address: str) -> bool:
        if len(self._by_address.get(address, ())) >= self._places.per_address:
            return False
        kept = 0 if is_loopback(address) else self._places.loopback_only
        return self._count < self._places.total - kept

    def _least_missed(self, newcomer: str) -> Guest | None:
        """Who leaves: of the address that holds most; of another only if that holds more."""
        own = len(self._by_address.get(newcomer, ()))
        if own >= self._places.per_address:
            return _longest_waited_for(self._by_address[newcomer])
        held = {a: len(guests) for a, guests in self._by_address.items()}
        candidates = [a for a, count in held.items() if count > own or a == newcomer]
        for address in sorted(candidates, key=held.__getitem__, reverse=True):
            if found := _longest_waited_for(self._by_address[address]):
                return found
        return None


def shared_address(peer: str) -> str:
    """What one client has one of: an IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ip_address(int(address) >> 64 << 64))


def is_loopback(address: str) -> bool:
    """Whether it is this machine's own."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _longest_waited_for(held: dict[Guest, None]) -> Guest | None:
    waiting = (guest for guest in held if guest.patience.phase in _WAITED_FOR)
    return min(waiting, key=lambda guest: guest.patience.since, default=None)
