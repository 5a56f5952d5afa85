"""What systemd is told: that the collector serves, reads its spec again, ends, and is alive.

The protocol of sd_notify(3): one datagram to the socket that $NOTIFY_SOCKET names. Elsewhere
nothing is sent.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

from obs.redaction.text import one_line

log = logging.getLogger(__name__)

STOPPING: Final = "STOPPING=1\nSTATUS=saving the state and ending"


def ready(status: str) -> str:
    """That it serves, or that a reload ended; `status` is what `systemctl status` shows."""
    return f"READY=1\nSTATUS={one_line(status)}"


def reloading() -> str:
    """That a reload begins; `ready` ends it. The time is that of the monotonic clock."""
    now = time.monotonic_ns() // 1000
    return f"RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=reading the spec again"


class ServiceManager:
    """The service manager that started this process, if one did."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        path = variables.get("NOTIFY_SOCKET", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self._watchdog = _seconds(variables)

    def tell(self, message: str) -> None:
        """Send a message; a service manager that is gone is no error of the collector."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("cannot tell the service manager: %s", error)

    async def watch(self, is_healthy: Callable[[], bool]) -> None:
        """Tell that the collector is alive twice in each of the watchdog's intervals, while it is
        healthy; returns at once where there is no watchdog."""
        while self._watchdog is not None:
            if is_healthy():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 2)


def _seconds(variables: Mapping[str, str]) -> float | None:
    """The watchdog's interval; None where it is not for this process."""
    microseconds = variables.get("WATCHDOG_USEC", "")
    of = variables.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or of != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
