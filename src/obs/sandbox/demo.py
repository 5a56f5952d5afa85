"""The demo: a sandbox, the collector on it, Prometheus where installed, and what they report."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obs.errors import BadInput, SourceError
from obs.sandbox.background_faults import run_background_faults
from obs.sandbox.collector import CollectorProcess
from obs.sandbox.faults import SandboxFault
from obs.sandbox.folder import own_folder
from obs.sandbox.oms import Sandbox
from obs.sandbox.prerequisites import clear_environment, require_prerequisites
from obs.sandbox.process import ProcessFailed, free_ports
from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from obs.sandbox.status_diff import StatusExcerpt, changes, decode_status
from obs.sandbox.traces import NO_TRACES, Traces

DEFAULT_PORT: Final = 9464
_WATCH_SECONDS: Final = 1.0
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoOutput:
    """The functions that print the demo's lines, by kind of line."""

    say: Callable[[str], None]
    fault: Callable[[str], None]  # faults that the demo injects
    status: Callable[[str], None]  # changes that the collector reports


async def run_demo(
    output: DemoOutput,
    *,
    port: int | None,
    faults: Sequence[SandboxFault] = (),
    seconds: float | None = None,
    traces: Traces = NO_TRACES,
) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP, or for `seconds` after everything has started.

    Raises ObsError: BadInput where `port` is taken or a program is not installed, ProcessFailed
    where one does not start or exits.
    """
    require_prerequisites()
    clear_environment()
    chosen = _choose_port(port)
    stop = _stopping()
    output.say(f"Status page  http://{_HOST}:{chosen}  (in a few seconds)")
    if words := _in_use(port, chosen):
        output.say(words)
    with own_folder() as folder:
        async with contextlib.AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox(folder, traces=traces))
            collector = CollectorProcess(folder, chosen, sandbox.variables)
            stack.push_async_callback(asyncio.to_thread, collector.stop)
            await asyncio.to_thread(collector.start)
            prometheus = _prometheus(folder, collector)
            if prometheus is not None:
                stack.push_async_callback(asyncio.to_thread, prometheus.stop)
            _print_addresses(output.say, sandbox, collector, prometheus)
            if traces.exported:
                output.say("Traces of its services are exported, one for each event.")
                output.say("")
            for fault in faults:
                output.fault(f"inject fault {fault.name}: {fault.description}")
                await fault.start(sandbox)
            await _first_of(
                seconds,
                stop.wait(),
                sandbox.traffic_failed(),
                _watch(collector, output.status),
                # With chosen faults, no others are injected.
                *(() if faults else (run_background_faults(sandbox, output.fault),)),
            )
            output.say("Stopping …")


def _choose_port(wanted: int | None) -> int:
    """`wanted`; for 0 a free port; for None the default port if it is free, else a free one."""
    if wanted:
        if not _is_free(wanted):
            raise BadInput(f"--port {wanted}: in use; choose another, `--port 0` picks a free one")
        return wanted
    if wanted is None and _is_free(DEFAULT_PORT):
        return DEFAULT_PORT
    (port,) = free_ports(1)
    return port


def _in_use(wanted: int | None, chosen: int) -> str:
    """What to say where the usual port is not the one that was chosen; else empty."""
    if wanted is not None or chosen == DEFAULT_PORT:
        return ""
    return f"Port {DEFAULT_PORT} is in use, so another is taken; `obs demo --port NUMBER` sets it."


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except (OSError, OverflowError):
            return False
        return True


def _stopping() -> asyncio.Event:
    """An event set by the signals that end the demo."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _prometheus(folder: Path, collector: CollectorProcess) -> PrometheusProcess | None:
    """Prometheus, started but not awaited; None where it is not installed."""
    binary = prometheus_binary()
    if binary is None:
        return None
    prometheus = PrometheusProcess(binary, folder, collector.address)
    prometheus.start()
    return prometheus


def _print_addresses(
    say: Callable[[str], None],
    sandbox: Sandbox,
    collector: CollectorProcess,
    prometheus: PrometheusProcess | None,
) -> None:
    say(f"Metrics      {collector.url}/metrics")
    say(f"NATS         {sandbox.nats.url} (monitoring: {sandbox.nats.monitor}/jsz)")
    say(f"AWS          {sandbox.aws.endpoint_url} (accepts any credentials)")
    say(f"Prometheus   {prometheus.url if prometheus else 'not installed'}")
    say("")
    say("Everything runs on this machine: nats-server, an AWS endpoint, the traffic of a system")
    say("called OMS on both, and the collector. Ctrl-C stops it; nothing is left behind.")
    say("Inject faults with `obs demo --fault NAME`; list them with `obs demo --list`.")
    say("")


async def _first_of(seconds: float | None, *work: Coroutine[Any, Any, Any]) -> None:
    """Wait for the first to end, `seconds` at most; raise its error, and cancel the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(collector: CollectorProcess, report: Callable[[str], None]) -> None:
    """Report changes of the collector's status. Raises ProcessFailed when it exits."""
    before: StatusExcerpt | None = None
    while True:
        if not collector.process.alive:
            raise ProcessFailed(f"the collector exited: {collector.process.tail()}")
        with contextlib.suppress(SourceError):
            after = decode_status(await asyncio.to_thread(collector.get, "/api/v1/status"))
            for change in changes(before or after, after):
                report(change)
            before = after
        await asyncio.sleep(_WATCH_SECONDS)
