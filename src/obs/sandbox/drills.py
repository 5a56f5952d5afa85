"""Drills: inject faults into a local system and verify that exactly their alerts fire and resolve.

The programs are real and on loopback: NATS, an AWS endpoint, traffic, the collector, Prometheus
with the rules that obs builds, Alertmanager, and a webhook that receives its notifications.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from obs.alerts.targets import build
from obs.artifacts import write
from obs.errors import BadInput, SourceError
from obs.sandbox.alerting import AlertmanagerProcess, WebhookReceiver, alertmanager_binary
from obs.sandbox.collector import DEMO_SPEC, CollectorProcess
from obs.sandbox.drill_report import WATCHDOG, DrillReport, Expected, all_fire, none_fires, report
from obs.sandbox.faults import FAULTS, SandboxFault, find_fault
from obs.sandbox.folder import own_folder
from obs.sandbox.oms import Sandbox
from obs.sandbox.prerequisites import require_prerequisites
from obs.sandbox.process import Process, ProcessFailed, free_ports
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.sandbox.status_diff import decode_status
from obs.spec.load import load
from obs.spec.report import did_you_mean

DRILL_SPEC: Final = Path(__file__).with_name("drill.yaml")
ENVIRONMENT: Final = "drill"
QUIET_SECONDS: Final = 30.0

_START_SECONDS: Final = 60.0
FIRE_SECONDS: Final = 300.0
_STEADY_SECONDS: Final = 4.0  # alerts must not resolve for this long while the fault is active
RESOLVE_SECONDS: Final = 600.0  # a burn rate resolves once its 5-minute window is clean
_WATCH_SECONDS: Final = 0.5

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drill:
    """Faults started one after the other, each once the alerts of the previous ones fire.

    Without a fault, no alert may fire.
    """

    name: str
    description: str
    faults: tuple[SandboxFault, ...]

    @property
    def alerts(self) -> tuple[str, ...]:
        """The names of the alerts that must fire, and resolve when the faults stop."""
        return tuple(dict.fromkeys(name for fault in self.faults for name in fault.alerts))


DRILLS: Final = (
    Drill("healthy", "no fault is injected, and no alert may fire", ()),
    *(Drill(fault.name, fault.description, (fault,)) for fault in FAULTS),
    Drill(
        "nats-down-while-lagging",
        "nats-server is stopped while alerts of a consumer fire, none of which may resolve",
        (find_fault("consumer-stopped"), find_fault("nats-down")),
    ),
)


def find_drill(name: str) -> Drill:
    """The drill of that name. Raises BadInput, which suggests the closest name."""
    known = {drill.name: drill for drill in DRILLS}
    if name not in known:
        hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
        raise BadInput(f"drill {name}: unknown drill{hint}")
    return known[name]


async def run_drill(
    drill: Drill,
    progress: Progress,
    *,
    quiet_seconds: float = QUIET_SECONDS,
    fire_seconds: float = FIRE_SECONDS,
    resolve_seconds: float = RESOLVE_SECONDS,
) -> DrillReport:
    """Run the drill, for `quiet_seconds` where it has no fault. The alerts of each fault have
    `fire_seconds` to fire; afterwards they have `resolve_seconds` to resolve.

    Raises BadInput where a required program is not installed. A process that does not start, or
    exits, fails the drill.
    """
    binaries = _binaries()
    progress(f"{drill.name}: {drill.description}")
    with own_folder() as folder:
        try:
            async with _system(folder, *binaries) as (sandbox, receiver, processes):
                seconds = (quiet_seconds, fire_seconds, resolve_seconds)
                work = _run(drill, sandbox, receiver, progress, seconds)
                return await _unless_failed(work, sandbox, processes)
        except ProcessFailed as error:
            return DrillReport(drill.name, (), (str(error),))


def _binaries() -> tuple[str, str]:
    """Paths of Prometheus and Alertmanager."""
    require_prerequisites()
    found = {"prometheus": prometheus_binary(), "prometheus-alertmanager": alertmanager_binary()}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise BadInput(f"drills need {' and '.join(missing)}; install these packages")
    return str(found["prometheus"]), str(found["prometheus-alertmanager"])


@contextlib.asynccontextmanager
async def _system(
    folder: Path, prometheus_path: str, alertmanager_path: str
) -> AsyncIterator[tuple[Sandbox, WebhookReceiver, Sequence[Process]]]:
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(folder))
        receiver = await stack.enter_async_context(WebhookReceiver())
        (port,) = free_ports(1)
        choice = ("--spec", str(DRILL_SPEC), "--env", ENVIRONMENT)
        collector = CollectorProcess(folder, port, sandbox.variables, choice)
        alertmanager = AlertmanagerProcess(alertmanager_path, folder, receiver.url)
        files = await asyncio.to_thread(_build_rules, folder / "rules", sandbox.variables)
        rules = Rules(files, alertmanager.address)
        prometheus = PrometheusProcess(
            prometheus_path, folder, collector.address, rules=rules, every=1
        )
        # The collector last: its start waits until it is ready; Prometheus finds Alertmanager.
        for part in (alertmanager, prometheus, collector):
            stack.push_async_callback(asyncio.to_thread, part.stop)
            await asyncio.to_thread(part.start)
        await asyncio.to_thread(
            collector.process.wait_until, lambda: _all_up(collector), _START_SECONDS
        )
        yield sandbox, receiver, [part.process for part in (collector, alertmanager, prometheus)]


def _all_up(collector: CollectorProcess) -> bool:
    """Whether every source is up, including those not needed for readiness."""
    try:
        status = decode_status(collector.get("/api/v1/status"))
    except SourceError:
        return False
    return all(source.up for source in status.sources)


def _build_rules(out: Path, variables: Mapping[str, str]) -> str:
    """The rules of the drill's system, as a glob of their files."""
    own = {"OBS_DEMO_STATE": str(out), "OBS_DEMO_LISTEN": "127.0.0.1:0"}
    known = {**os.environ, **variables, **own}
    system = load([DEMO_SPEC, DRILL_SPEC], env=ENVIRONMENT, variables=known)
    write(out, build(system, ["prometheus"]))
    return str(out / "prometheus" / "*.yaml")


async def _run(
    drill: Drill,
    sandbox: Sandbox,
    receiver: WebhookReceiver,
    progress: Progress,
    seconds: tuple[float, float, float],
) -> DrillReport:
    quiet_seconds, fire_seconds, resolve_seconds = seconds
    if not await receiver.wait_until(
        lambda notices: any(one.name == WATCHDOG for one in notices), _START_SECONDS
    ):
        return DrillReport(
            drill.name, (), (f"{WATCHDOG} did not arrive: notifications are not delivered",)
        )
    # With minutes shortened to seconds, a source one second late at the start counts as down.
    if not await receiver.wait_until(none_fires, _START_SECONDS):
        return DrillReport(drill.name, (), ("alerts fired before a fault was injected",))
    receiver.notices.clear()
    expected: list[Expected] = []
    for fault in drill.faults:
        progress(f"{drill.name}: inject fault {fault.name}")
        now = time.monotonic()
        await fault.start(sandbox)
        expected += [Expected(name, dict(fault.labels), now) for name in fault.alerts]
        if not await receiver.wait_until(partial(all_fire, tuple(expected)), fire_seconds):
            break
    if drill.faults:
        await receiver.wait_until(none_fires, _STEADY_SECONDS)
    else:
        await receiver.wait_until(lambda notices: not none_fires(notices), quiet_seconds)
    is_as_expected = all_fire(expected, receiver.notices)
    progress(
        f"{drill.name}: alerts are {'as expected' if is_as_expected else 'not as expected'}; "
        "waiting for them to resolve"
    )
    ended = time.monotonic()
    for fault in reversed(drill.faults):
        await fault.stop(sandbox)
    await receiver.wait_until(none_fires, resolve_seconds)
    return report(drill.name, expected, receiver.notices, ended=ended)


async def _unless_failed(
    work: Coroutine[Any, Any, DrillReport], sandbox: Sandbox, processes: Sequence[Process]
) -> DrillReport:
    """The work's report. Raises the error that ends the traffic or a process meanwhile."""
    report_made = asyncio.create_task(work)
    guards = [asyncio.create_task(one) for one in (sandbox.traffic_failed(), _exited(processes))]
    try:
        await asyncio.wait((report_made, *guards), return_when=asyncio.FIRST_COMPLETED)
        for guard in guards:
            if guard.done():
                guard.result()
        return await report_made
    finally:
        for task in (report_made, *guards):
            task.cancel()
        await asyncio.gather(report_made, *guards, return_exceptions=True)


async def _exited(processes: Sequence[Process]) -> None:
    """Raises ProcessFailed when one of them has exited."""
    while True:
        for process in processes:
            if not process.alive:
                raise ProcessFailed(f"{process.argv[0]} exited: {process.tail()}")
        await asyncio.sleep(_WATCH_SECONDS)
