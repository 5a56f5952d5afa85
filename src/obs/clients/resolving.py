"""Looking up the addresses of a host within a time limit, which the system's resolver has not."""

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As getaddrinfo returns it: family, kind, protocol, name, socket address."""

_lock: Final = threading.Lock()
_running: Final[dict[tuple[str, int], Future[Sequence[Address]]]] = {}


def addresses(host: str, port: int, seconds: float) -> Sequence[Address]:
    """The addresses of `host` for TCP. Raises TimeoutError, OSError or UnicodeError.

    A lookup that takes longer goes on in a thread, which later calls for the same host wait for:
    however many requests there are, a resolver that hangs holds one thread a host.
    """
    with suppress(socket.gaierror):
        return _look_up(host, port, socket.AI_NUMERICHOST)
    key = host, port
    with _lock:
        running = _running.get(key)
        if running is None:
            running = _running[key] = Future()
            threading.Thread(target=_run, args=(key, running), daemon=True).start()
    return running.result(seconds)


def _run(key: tuple[str, int], running: Future[Sequence[Address]]) -> None:
    try:
        found = _look_up(*key)
    except Exception as error:  # noqa: BLE001  raised again by whoever waits
        failure: Exception | None = error
    else:
        failure = None
    with _lock:
        del _running[key]
    if failure is None:
        running.set_result(found)
    else:
        running.set_exception(failure)


def _look_up(host: str, port: int, flags: int = 0) -> Sequence[Address]:
    return socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags)
