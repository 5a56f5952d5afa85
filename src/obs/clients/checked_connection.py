"""A TCP or TLS connection to an address that was checked after it had been looked up.

The connection is made to the very address that was checked: no second lookup can lead elsewhere.
"""

import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import certifi

from obs.clients.deadline import remaining
from obs.clients.resolving import addresses
from obs.errors import SourceError
from obs.spec.allowed_addresses import AllowedAddresses
from obs.spec.tls import Tls

Failure = Literal[
    "address",
    "body",
    "connection",
    "dns",
    "protocol",
    "redirect",
    "refused",
    "status",
    "timeout",
    "tls",
]
_OURS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
"""Errors that say nothing about the target."""


class ProbeFailed(Exception):  # noqa: N818  reads as a sentence where it is raised
    """The target did not answer as it should; `reason` is one of the catalogue's FAILURES."""

    def __init__(self, reason: Failure, why: str) -> None:
        super().__init__(why)
        self.reason: Failure = reason


@dataclass(slots=True)
class Timings:
    """Seconds that each phase took so far; `clock` is monotonic."""

    clock: Callable[[], float] = time.monotonic
    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds what runs inside to a phase."""
        before = self.clock()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0.0) + self.clock() - before


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Certificates, and the name that the server's has to have; the host where it is empty."""

    files: Tls
    server_name: str = ""


def connected(host: str, port: int, allowed: AllowedAddresses, timings: Timings) -> socket.socket:
    """A connection to the first allowed address that accepts one, within the deadline of this
    thread.

    Raises ProbeFailed: dns, address, refused, timeout, connection; SourceError where the reason is
    ours.
    """
    with timings.phase("resolve"):
        found = _looked_up(host, port)
    checked = [each for each in found if not allowed.why_not(each[4][0])]
    if found and not checked:
        address = found[0][4][0]
        of = "" if address == host else f" resolves to {address}, which"
        why = allowed.why_not(address)
        raise ProbeFailed("address", f"{host}{of} is {why} that allow_private does not name")
    with timings.phase("connect"):
        for number, (family, kind, protocol, _, place) in enumerate(checked, 1):
            sock = socket_of(family, kind, protocol)
            try:
                # One that does not respond has a part of the time, so that the next is tried too.
                sock.settimeout(remaining() / (len(checked) - number + 1))
                sock.connect(place)
            except OSError as error:
                sock.close()
                if number == len(checked):
                    raise failed(error, f"{host}:{port}") from None
            except BaseException:
                sock.close()
                raise
            else:
                return sock
    raise ProbeFailed("dns", f"{host} has no address")


def encrypted(
    sock: socket.socket, host: str, options: TlsOptions, timings: Timings
) -> ssl.SSLSocket:
    """The same connection with TLS, its certificate verified. Closes it where that fails.

    Raises ProbeFailed: tls, timeout; SourceError where a file cannot be used.
    """
    try:
        context = tls_context(options.files)
        with timings.phase("tls"):
            sock.settimeout(remaining())
            return context.wrap_socket(sock, server_hostname=options.server_name or host)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        raise ProbeFailed("tls", f"certificate not accepted: {error.verify_message}") from None
    except (OSError, ValueError) as error:  # a name that cannot be asked for is a ValueError
        sock.close()
        if isinstance(error, TimeoutError):
            raise ProbeFailed("timeout", "timed out in the TLS handshake") from None
        why = getattr(error, "reason", None) or "the connection was closed"
        raise ProbeFailed("tls", f"TLS handshake failed: {why}") from None
    except BaseException:
        sock.close()
        raise


def expiry(sock: ssl.SSLSocket) -> float | None:
    """When the server's certificate expires (Unix seconds); None where it cannot be read."""
    try:
        found = (sock.getpeercert() or {}).get("notAfter")
        return float(ssl.cert_time_to_seconds(found)) if isinstance(found, str) else None
    except ValueError:
        return None


def failed(error: OSError, where: str) -> ProbeFailed:
    """What an error of a connection says about the target.

    Raises SourceError where it says nothing: the collector has no file or memory left.
    """
    if error.errno in _OURS:
        raise SourceError("internal", f"cannot connect: {error.strerror}")
    if isinstance(error, TimeoutError):
        return ProbeFailed("timeout", f"{where}: timed out")
    if isinstance(error, ssl.SSLError):
        return ProbeFailed("tls", f"{where}: TLS failed: {error.reason or 'unknown'}")
    if isinstance(error, ConnectionRefusedError):
        return ProbeFailed("refused", f"{where}: connection refused")
    return ProbeFailed("connection", f"{where}: {error.strerror or 'connection lost'}")


def tls_context(files: Tls) -> ssl.SSLContext:
    """The settings of TLS; read again when a file has changed.

    Raises SourceError where a file cannot be used.
    """
    names = (files.ca_file or certifi.where(), files.cert_file, files.key_file)
    try:
        return _context(*names, tuple(_version(name) for name in names if name))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if isinstance(error, FileNotFoundError) else "not valid PEM"
        raise SourceError(
            "auth", f"cannot use the TLS files {', '.join(filter(None, names))}: {why}"
        ) from None


def socket_of(family: int, kind: int, protocol: int) -> socket.socket:
    """A new socket. Raises SourceError where the collector has no file left."""
    try:
        return socket.socket(family, kind, protocol)
    except OSError as error:
        if error.errno in _OURS:
            raise SourceError("internal", f"cannot connect: {error.strerror}") from None
        raise ProbeFailed("connection", f"cannot connect: {error.strerror}") from None


def _looked_up(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        found = addresses(host, port, remaining())
    except TimeoutError:
        raise ProbeFailed("dns", f"looking up {host} timed out") from None
    except (OSError, UnicodeError):
        raise ProbeFailed("dns", f"{host} cannot be looked up") from None
    return [(*each[:4], each[4]) for each in found]


def _version(name: str) -> tuple[int, int]:
    seen = Path(name).stat()
    return seen.st_mtime_ns, seen.st_size


@lru_cache(64)
def _context(
    authority: str, cert: str | None, key: str | None, versions: tuple[tuple[int, int], ...]
) -> ssl.SSLContext:
    folder = Path(authority).is_dir()
    context = ssl.create_default_context(
        cafile=None if folder else authority, capath=authority if folder else None
    )
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context
