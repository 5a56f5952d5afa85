"""What signals do to a running collector.

SIGTERM and SIGINT save and end it; a second one no longer waits for polls; a third ends the process
at once. SIGHUP reads the spec and all that it names again. SIGUSR1 and SIGUSR2, whose default is to
end it without saving, are ignored with a line. SIGPIPE is an error of the write, as Python has it.
SIGQUIT keeps its default: it ends a process that nothing else ends, without saving.
"""

import asyncio
import logging
import signal
from typing import Final

log = logging.getLogger(__name__)

_MEANINGLESS: Final = (signal.SIGUSR1, signal.SIGUSR2)


class Stop:
    """Whether the collector is asked to end, whether to hurry, and to read its spec again."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self.reload = asyncio.Event()


def outlive_hangup() -> None:
    """Ignore until the event loop listens: a terminal that closes must not end what starts."""
    for signum in (signal.SIGHUP, *_MEANINGLESS):
        signal.signal(signum, signal.SIG_IGN)


def listen_for_signals(stop: Stop) -> None:
    """Let signals ask the collector to end, or ignore them, from the running loop on."""
    loop = asyncio.get_running_loop()

    def on_end(signum: signal.Signals) -> None:
        if not stop.asked.is_set():
            log.info("%s: saving the state and ending", signum.name)
            stop.asked.set()
            return
        log.info("%s again: ending without waiting for polls", signum.name)
        stop.hurry.set()
        for each in (signal.SIGTERM, signal.SIGINT):  # a third one ends the process
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, on_end, signum)
    loop.add_signal_handler(signal.SIGHUP, stop.reload.set)
    for signum in _MEANINGLESS:
        loop.add_signal_handler(signum, log.warning, "%s is ignored: no meaning here", signum.name)
