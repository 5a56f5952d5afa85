"""Where credentials would cross a network unencrypted."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from obs.spec.model import wrong

_ENCRYPTED: Final = ("https", "tls")


def is_plaintext(url: str) -> bool:
    """Whether what is sent to this URL can be read on a network.

    False for https:// and tls://, and for this machine's own addresses, whatever the scheme.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.scheme not in _ENCRYPTED and not _is_loopback(parts.hostname or "")


def check_encrypted(url: str, what: str, allowed: bool, field: str = "url") -> None:
    """Raises an error from `wrong` about `field` where `what` ("the token") would be sent to `url`
    in clear text, unless the spec allows it (`allow_plaintext: true`)."""
    if is_plaintext(url) and not allowed:
        scheme = urlsplit(url).scheme
        raise wrong(
            f"{what} would be sent unencrypted over {scheme}://; write https://, or "
            "allow_plaintext: true where the network is trusted",
            field,
        )


def _is_loopback(host: str) -> bool:
    """Names count that are loopback by definition (RFC 6761), without a lookup."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
