"""The demo: a sandbox, the collector on it, Prometheus where there is one, and a word on each."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obs.errors import BadInput, SourceError
from obs.sandbox.background_faults import live
from obs.sandbox.collector import CollectorProcess
from obs.sandbox.faults import Fault
from obs.sandbox.folder import own_folder
from obs.sandbox.oms import Sandbox
from obs.sandbox.prerequisites import clear_environment, require_prerequisites
from obs.sandbox.process import ProcessFailed, free_ports
from obs.sandbox.prometheus import Prometheus, prometheus_binary
from obs.sandbox.status_diff import Seen, changes, decode_seen

USUAL_PORT: Final = 9464
_WATCH_SECONDS: Final = 1.0
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Words:
    """Where the demo's words go."""

    say: Callable[[str], None]
    happens: Callable[[str], None]  # what the demo does to the system
    sees: Callable[[str], None]  # what the collector says of it


async def run_demo(
    words: Words, *, port: int | None, faults: Sequence[Fault] = (), seconds: float | None = None
) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP, or for `seconds` from when everything runs.

    Raises ObsError: BadInput where `port` is taken or a part is not installed, ProcessFailed where
    one does not start or ends.
    """
    require_prerequisites()
    clear_environment()
    chosen = _choose_port(port)
    stop = _stopping()
    words.say(f"Status page  http://{_HOST}:{chosen}  (in a few seconds)")
    with own_folder() as folder:
        async with contextlib.AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox(folder))
            collector = CollectorProcess(folder, chosen, sandbox.variables)
            stack.push_async_callback(asyncio.to_thread, collector.stop)
            await asyncio.to_thread(collector.start)
            prometheus = _prometheus(folder, collector)
            if prometheus is not None:
                stack.push_async_callback(asyncio.to_thread, prometheus.stop)
            _introduce(words.say, sandbox, collector, prometheus)
            for fault in faults:
                words.happens(f"{fault.name}: {fault.does}")
                await fault.start(sandbox)
            await _first_of(
                seconds,
                stop.wait(),
                sandbox.traffic_failed(),
                _watch(collector, words.sees),
                # Who asks for faults wants to see these and nothing else.
                *(() if faults else (live(sandbox, words.happens),)),
            )
            words.say("stopping …")


def _choose_port(wanted: int | None) -> int:
    """The port asked for; a free one for 0; the usual one, or a free one, for None."""
    if wanted:
        if not _is_free(wanted):
            raise BadInput(f"--port {wanted}: in use; choose another, or omit it")
        return wanted
    if wanted is None and _is_free(USUAL_PORT):
        return USUAL_PORT
    (port,) = free_ports(1)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except (OSError, OverflowError):
            return False
        return True


def _stopping() -> asyncio.Event:
    """Set by the signals that end the demo, as often as they come."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _prometheus(folder: Path, collector: CollectorProcess) -> Prometheus | None:
    """Started, without waiting for it; None where it is not installed."""
    binary = prometheus_binary()
    if binary is None:
        return None
    prometheus = Prometheus(binary, folder, collector.address)
    prometheus.start()
    return prometheus


def _introduce(
    say: Callable[[str], None],
    sandbox: Sandbox,
    collector: CollectorProcess,
    prometheus: Prometheus | None,
) -> None:
    say(f"Metrics      {collector.url}/metrics")
    say(f"NATS         {sandbox.nats.url} (what it says itself: {sandbox.nats.monitor}/jsz)")
    say(f"AWS          {sandbox.aws.endpoint_url} (any credentials)")
    say(f"Prometheus   {prometheus.url if prometheus else 'is not installed'}")
    say("")
    say("All of it is on this machine: a nats-server, an AWS endpoint, the traffic of a system")
    say("named OMS on both, and the collector. Ctrl-C stops it and leaves nothing behind.")
    say("More goes wrong with `obs demo --fault NAME`; `obs demo --list` names the faults.")
    say("")


async def _first_of(seconds: float | None, *work: Coroutine[Any, Any, Any]) -> None:
    """Wait until one is done, `seconds` at most; raise what it raised, and cancel the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(collector: CollectorProcess, sees: Callable[[str], None]) -> None:
    """Tell what the collector sees. Raises ProcessFailed when it ends."""
    before: Seen | None = None
    while True:
        if not collector.process.alive:
            raise ProcessFailed(f"the collector ended: {collector.process.tail()}")
        with contextlib.suppress(SourceError):
            after = decode_seen(await asyncio.to_thread(collector.get, "/api/v1/status"))
            for change in changes(before or after, after):
                sees(change)
            before = after
        await asyncio.sleep(_WATCH_SECONDS)
