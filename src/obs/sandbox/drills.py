"""Drills: a fault in a whole system, and whether exactly its alerts reach somebody and end.

Everything is real and on loopback: NATS, an AWS endpoint, traffic, the collector, Prometheus with
the rules that obs builds, Alertmanager, and a webhook that it notifies.
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
from obs.sandbox.alerting import Alertmanager, Receiver, alertmanager_binary
from obs.sandbox.collector import DEMO_SPEC, CollectorProcess
from obs.sandbox.drill_report import WATCHDOG, Expected, Report, all_fire, none_fires, report
from obs.sandbox.faults import FAULTS, Fault, find_fault
from obs.sandbox.folder import own_folder
from obs.sandbox.oms import Sandbox
from obs.sandbox.prerequisites import require_prerequisites
from obs.sandbox.process import Process, ProcessFailed, free_ports
from obs.sandbox.prometheus import Prometheus, Rules, prometheus_binary
from obs.sandbox.status_diff import decode_seen
from obs.spec.load import load
from obs.spec.report import did_you_mean

DRILL_SPEC: Final = Path(__file__).with_name("drill.yaml")
ENVIRONMENT: Final = "drill"
QUIET_SECONDS: Final = 30.0

_START_SECONDS: Final = 60.0
_FIRE_SECONDS: Final = 300.0
_STEADY_SECONDS: Final = 4.0  # what fires goes on firing for so long
END_SECONDS: Final = 600.0  # a burn rate is over when its 5 minutes are clean again
_WATCH_SECONDS: Final = 0.5

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drill:
    """Faults that come one after the other, each once the alerts of those before it fire.

    Without a fault, nothing may fire.
    """

    name: str
    does: str
    faults: tuple[Fault, ...]

    @property
    def alerts(self) -> tuple[str, ...]:
        """The names of the alerts that must fire, and end when the faults do."""
        return tuple(dict.fromkeys(name for fault in self.faults for name in fault.alerts))


DRILLS: Final = (
    Drill("healthy", "nothing goes wrong", ()),
    *(Drill(fault.name, fault.does, (fault,)) for fault in FAULTS),
    Drill(
        "nats-down-while-lagging",
        "nats-server is stopped while a consumer's alerts fire: none of them may resolve",
        (find_fault("consumer-stopped"), find_fault("nats-down")),
    ),
)


def find_drill(name: str) -> Drill:
    """The drill of that name. Raises BadInput, with the name that was probably meant."""
    known = {drill.name: drill for drill in DRILLS}
    if name not in known:
        hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
        raise BadInput(f"drill {name}: unknown drill{hint}")
    return known[name]


async def run_drill(
    drill: Drill,
    tell: Tell,
    *,
    quiet_seconds: float = QUIET_SECONDS,
    end_seconds: float = END_SECONDS,
) -> Report:
    """Run it to its end, `quiet_seconds` long where nothing goes wrong; afterwards its alerts have
    `end_seconds` to end.

    Raises BadInput where a program it needs is not installed. A part that does not start, or
    ends, fails the drill.
    """
    binaries = _binaries()
    tell(f"{drill.name}: {drill.does}")
    with own_folder() as folder:
        try:
            async with _system(folder, *binaries) as (sandbox, receiver, processes):
                seconds = (quiet_seconds, end_seconds)
                work = _play(drill, sandbox, receiver, tell, seconds)
                return await _unless_broken(work, sandbox, processes)
        except ProcessFailed as error:
            return Report(drill.name, (), (str(error),))


def _binaries() -> tuple[str, str]:
    """Prometheus and Alertmanager."""
    require_prerequisites()
    found = {"prometheus": prometheus_binary(), "prometheus-alertmanager": alertmanager_binary()}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise BadInput(f"drills need {' and '.join(missing)}; install these packages")
    return str(found["prometheus"]), str(found["prometheus-alertmanager"])


@contextlib.asynccontextmanager
async def _system(
    folder: Path, prometheus_path: str, alertmanager_path: str
) -> AsyncIterator[tuple[Sandbox, Receiver, Sequence[Process]]]:
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(folder))
        receiver = await stack.enter_async_context(Receiver())
        (port,) = free_ports(1)
        choice = ("--spec", str(DRILL_SPEC), "--env", ENVIRONMENT)
        collector = CollectorProcess(folder, port, sandbox.variables, choice)
        alertmanager = Alertmanager(alertmanager_path, folder, receiver.url)
        files = await asyncio.to_thread(_build_rules, folder / "rules", sandbox.variables)
        rules = Rules(files, alertmanager.address)
        prometheus = Prometheus(prometheus_path, folder, collector.address, rules=rules, every=1)
        # The collector last: starting it waits for it, and Prometheus looks for Alertmanager.
        for part in (alertmanager, prometheus, collector):
            stack.push_async_callback(asyncio.to_thread, part.stop)
            await asyncio.to_thread(part.start)
        await asyncio.to_thread(
            collector.process.wait_until, lambda: _all_up(collector), _START_SECONDS
        )
        yield sandbox, receiver, [part.process for part in (collector, alertmanager, prometheus)]


def _all_up(collector: CollectorProcess) -> bool:
    """Whether each of its sources answers, those too that it does without."""
    try:
        seen = decode_seen(collector.get("/api/v1/status"))
    except SourceError:
        return False
    return all(source.up for source in seen.sources)


def _build_rules(out: Path, variables: Mapping[str, str]) -> str:
    """The rules of the drill's system, as a glob of their files."""
    own = {"OBS_DEMO_STATE": str(out), "OBS_DEMO_LISTEN": "127.0.0.1:0"}
    known = {**os.environ, **variables, **own}
    system = load([DEMO_SPEC, DRILL_SPEC], env=ENVIRONMENT, variables=known)
    write(out, build(system, ["prometheus"]))
    return str(out / "prometheus" / "*.yaml")


async def _play(
    drill: Drill, sandbox: Sandbox, receiver: Receiver, tell: Tell, seconds: tuple[float, float]
) -> Report:
    quiet_seconds, end_seconds = seconds
    if not await receiver.wait_until(
        lambda notices: any(one.name == WATCHDOG for one in notices), _START_SECONDS
    ):
        return Report(drill.name, (), (f"{WATCHDOG} did not arrive: the way to the receiver",))
    # A source that is a second late at the start counts as down where minutes are seconds.
    if not await receiver.wait_until(none_fires, _START_SECONDS):
        return Report(drill.name, (), ("alerts fired before anything went wrong",))
    receiver.notices.clear()
    expected: list[Expected] = []
    for fault in drill.faults:
        tell(f"{drill.name}: {fault.name} begins")
        now = time.monotonic()
        await fault.start(sandbox)
        expected += [Expected(name, dict(fault.labels), now) for name in fault.alerts]
        if not await receiver.wait_until(partial(all_fire, tuple(expected)), _FIRE_SECONDS):
            break
    if drill.faults:
        await receiver.wait_until(none_fires, _STEADY_SECONDS)
    else:
        await receiver.wait_until(lambda seen: not none_fires(seen), quiet_seconds)
    is_as_expected = all_fire(expected, receiver.notices)
    tell(f"{drill.name}: {'as expected' if is_as_expected else 'not as expected'}; ending it")
    ended = time.monotonic()
    for fault in reversed(drill.faults):
        await fault.stop(sandbox)
    await receiver.wait_until(none_fires, end_seconds)
    return report(drill.name, expected, receiver.notices, ended=ended)


async def _unless_broken(
    work: Coroutine[Any, Any, Report], sandbox: Sandbox, processes: Sequence[Process]
) -> Report:
    """The work's report. Raises what ended the traffic or a process meanwhile."""
    report_made = asyncio.create_task(work)
    guards = [asyncio.create_task(one) for one in (sandbox.traffic_failed(), _ended(processes))]
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


async def _ended(processes: Sequence[Process]) -> None:
    """Raises ProcessFailed when one of them has ended."""
    while True:
        for process in processes:
            if not process.alive:
                raise ProcessFailed(f"{process.argv[0]} ended: {process.tail()}")
        await asyncio.sleep(_WATCH_SECONDS)
