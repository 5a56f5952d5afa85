"""A changed spec, secret or certificate taken up by a running collector.

The new spec is read, validated and assembled first; one that is refused changes nothing but a
metric, a log line and the page. Then the old daemon ends as for a restart, its state is saved, and
a new one goes on from there, in the same process: the web server stays, and so do the series of
what stays in the spec.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from obs.clients.threads import in_thread
from obs.collector.assembly import Assembled
from obs.collector.collector import Collector
from obs.collector.service_manager import ready, reloading
from obs.collector.spec_in_force import SpecInForce
from obs.errors import BadInput, ObsError
from obs.spec.system import System
from obs.spec.watched_files import digest, watched_files

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 5.0
"""Seconds between looks at the files; a change counts once it is the same at two of them."""


class Serving(Protocol):
    """What answers scrapes from a collector."""

    def serve(self, collector: Collector) -> None:
        """Answer from this one from now on."""


class Asked(Protocol):
    """What the process is asked to do."""

    asked: asyncio.Event
    hurry: asyncio.Event
    reload: asyncio.Event


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """Where the spec is read from, and what is made of it."""

    paths: Sequence[Path]
    read: Callable[[], System]
    assemble: Callable[[System, Assembled | None, bool], Assembled]
    """Of a spec, going on from what ran before; the last argument says that it is only tried."""


def unchangeable(before: System, after: System) -> str:
    """What of a changed spec takes a restart; empty where nothing does."""
    if before.outputs.web != after.outputs.web:
        return "outputs.web cannot change without a restart"
    if before.state_dir != after.state_dir:
        return "state_dir cannot change without a restart"
    if _lease_of(before) != _lease_of(after):
        return "ha, and the source with its lease, cannot change without a restart"
    return ""


def _lease_of(system: System) -> object:
    """All that a lease depends on."""
    ha = system.ha
    return ha and (system.full_name, ha, ha.lease.connection, ha.lease.aws)


class Role(Protocol):
    """Whether this collector has to lead."""

    turned: asyncio.Event

    @property
    def leads(self) -> bool: ...


class Reloading:
    """Runs a collector, and after each change of its spec the next one."""

    def __init__(
        self,
        files: SpecFiles,
        system: System,
        running: Assembled,
        serving: Serving,
        asked: Asked,
        *,
        tell: Callable[[str], None] = lambda _: None,
        look_every: float = LOOK_EVERY,
        role: Role | None = None,
    ) -> None:
        """`tell` gets what the service manager is told. `role`: of several collectors, this one may
        have to lead or to stand by; a change of that is taken up as a change of the spec is."""
        self._role = role
        self._files = files
        self._system = system
        self._running = running
        self._serving = serving
        self._asked = asked
        self._tell = tell
        self._look_every = look_every
        self._known = self._digest(system)
        self._refused = ""  # digest of the files that were refused

    async def run(self) -> None:
        """Until the process is asked to end."""
        while True:
            ended = asyncio.Event()
            following = asyncio.create_task(self._until_changed(ended))
            try:
                await self._running.daemon.run(ended, self._asked.hurry)
            finally:
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await following
            if following.cancelled() or (system := following.result()) is None:
                return
            self._replace(system)
            # Here nothing refers to the old collector any more. What is not found now becomes
            # permanent when the next daemon begins.
            gc.unfreeze()
            gc.collect()

    async def _until_changed(self, ended: asyncio.Event) -> System | None:
        """The next spec, once there is a sound one; None where the process ends."""
        try:
            while await self._look():
                if self._has_turned():
                    return self._system
                self._tell(reloading())
                found = await in_thread(self._read, "reload")
                if isinstance(found, System):
                    return found
                await self._refuse(found)
                self._tell(ready(f"the changed spec is not in force: {found}"))
            return None
        finally:
            ended.set()

    async def _look(self) -> bool:
        """Wait for a change, or to be asked; false where the process ends."""
        before = ""
        while True:
            asked = await self._waited()
            if self._asked.asked.is_set():
                return False
            if self._has_turned():
                return True
            now = await in_thread(lambda: self._digest(self._system), "reload")
            if asked or (now == before and now not in (self._known, self._refused)):
                self._refused = ""
                return True
            if now == self._known and self._refused:
                await self._take_back()
            before = now

    async def _waited(self) -> bool:
        """Whether a reload was asked for, before it was time to look at the files again."""
        events = [self._asked.asked, self._asked.reload]
        if self._role is not None:
            self._role.turned.clear()
            if self._has_turned():
                return False
            events.append(self._role.turned)
        waits = [asyncio.create_task(each.wait()) for each in events]
        await asyncio.wait(waits, timeout=self._look_every, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        asked = self._asked.reload.is_set()
        self._asked.reload.clear()
        return asked

    def _has_turned(self) -> bool:
        return self._role is not None and self._role.leads != self._running.leads

    def _read(self) -> System | ObsError:
        """The spec as it is now, if a collector could be made of it; else why not."""
        self._refused = self._digest(self._system)
        try:
            system = self._files.read()
            if why := unchangeable(self._system, system):
                return BadInput(why)
            self._files.assemble(system, None, True)  # sends nothing
        except ObsError as error:
            return error
        return system

    async def _refuse(self, error: ObsError) -> None:
        lines = str(error).splitlines() or ["?"]
        for line in lines:
            log.error("the changed spec is not in force: %s", line)
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        await self._show(SpecInForce(self._running.collector.spec.since, lines[0] + more))

    async def _take_back(self) -> None:
        self._refused = ""
        log.info("the spec is again the one in force")
        self._tell(ready("the spec is again the one in force"))
        await self._show(SpecInForce(self._running.collector.spec.since))

    async def _show(self, spec: SpecInForce) -> None:
        await self._running.daemon.in_core(self._running.collector.take_spec, spec)

    def _replace(self, system: System) -> None:
        """Let a collector of this spec go on from the one that has ended."""
        before, why = self._running, ""
        turned = system is self._system
        try:
            self._running = self._files.assemble(system, before, False)
            if not turned:
                self._system, self._known, self._refused = system, self._digest(system), ""
        except ObsError as error:  # what could be assembled a moment ago
            why = str(error)
            log.error("the changed spec is not in force: %s", why)
            self._running = self._files.assemble(self._system, before, False)
        collector = self._running.collector
        since = before.collector.spec.since if why or turned else collector.clock.wall()
        refused = before.collector.spec.refused if turned else why
        collector.take_spec(SpecInForce(since, refused))
        self._serving.serve(collector)
        if turned:
            said = f"this collector {'leads' if self._running.leads else 'stands by'} now"
        else:
            said = "the spec was read again and is in force"
        self._tell(ready(f"the changed spec is not in force: {why}" if why else said))
        if turned or not why:
            log.info("%s", said)

    def _digest(self, system: System) -> str:
        return digest(watched_files(self._files.paths, system))
