"""Which addresses a probe may connect to: public ones, and networks that the spec allows.

A name that leads to another address than its owner says would otherwise let the collector reach
what only it can reach: services of its own machine, the metadata service of a cloud.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Final

from pydantic import AfterValidator

from obs.spec.model import wrong

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOCALHOST: Final = "localhost"
_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # IPv4 through NAT64
_TRANSLATED_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")  # IPv4 as IPv6 of old
_KINDS: Final = (
    # What an address is called that is not public, the most telling first.
    ("is_loopback", "a loopback address"),
    ("is_link_local", "a link-local address"),
    ("is_multicast", "a multicast address"),
    ("is_unspecified", "the unspecified address"),
    ("is_private", "a private address"),
)
_RESERVED: Final = "a reserved address"
_ORDER: Final = (*(words for _, words in _KINDS), _RESERVED)
_PRIVATE: Final = (
    # Public for some versions of ipaddress and not for others, in part or as a whole.
    *(IPv4Network("192.0.0.0/24"), IPv6Network("2001::/23"), IPv6Network("2002::/16")),
    *(_TRANSLATED_LOCAL, IPv6Network("3fff::/20")),
)


@dataclass(frozen=True, slots=True)
class AllowedAddresses:
    """The networks that are allowed besides public addresses."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, written: tuple[str, ...]) -> "AllowedAddresses":
        """Those of the spec, which are valid: networks, addresses, or localhost."""
        return cls(tuple(each for text in written for each in networks_of(text)))

    def why_not(self, text: str) -> str:
        """What the address is that forbids it, such as "a private address"; empty where a probe
        may connect to it. `text` is a numeric address as the resolver gives it."""
        try:
            written = ip_address(text.partition("%")[0])
        except ValueError:
            return "no IP address"
        if self._names(written):
            return ""
        forms = (form for form in _forms(written) if not self._names(form))
        return min(filter(None, map(_kind, forms)), key=_ORDER.index, default="")

    def _names(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def networks_of(text: str) -> tuple[Network, ...]:
    """What one entry of the spec stands for. Raises ValueError."""
    if text == LOCALHOST:
        return _LOOPBACK
    return (ip_network(text),)


def _forms(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 addresses that it leads to by translation or a tunnel."""
    if isinstance(address, IPv4Address):
        return (address,)
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED or address in _TRANSLATED_LOCAL or address in _COMPATIBLE:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    return (address, *(each for each in inner if each is not None))


def _kind(address: Address) -> str:
    if any(address in network for network in _PRIVATE):
        return "a private address"
    if address.is_global and not address.is_multicast:
        return ""
    return next((words for name, words in _KINDS if getattr(address, name)), _RESERVED)


def _network(text: str) -> str:
    try:
        networks_of(text)
    except ValueError:
        try:
            meant = str(ip_network(text, strict=False))
        except ValueError:
            message = f"{text[:60]!r} is no network; write for example 10.0.0.0/8, or {LOCALHOST}"
            raise wrong(message) from None
        raise wrong(f"{text} is an address within a network; write {meant}") from None
    return text


AllowedNetwork = Annotated[str, AfterValidator(_network)]
"""A network such as 10.0.0.0/8, one address, or localhost."""
