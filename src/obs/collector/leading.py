"""This collector's part in a lease: whether it leads, and what one leader leaves for the next."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from obs.clients.threads import in_thread
from obs.collector.daemon import InCore
from obs.collector.objective import KIND as SLO
from obs.errors import BadInput, SourceError
from obs.lease.handover import Handed, Handover
from obs.lease.keeper import Keeper
from obs.lease.kinds import key_of as lease_key
from obs.lease.kinds import open_store
from obs.sources.kinds import each_source
from obs.spec.composites import key_of, sources_of
from obs.spec.system import System
from obs.state import State, decoded
from obs.state_copy import copied_state
from obs.state_export import exported, take

log = logging.getLogger(__name__)

_KIND: Final = "lease"
"""Of the state file's entry with the epoch in which this collector led last."""
_EPOCH: Final = "epoch"
_SEPARATOR: Final = "\x1f"  # ends the name of the source in a key of the state file
_SHARE: Final = 20  # a handover may take this share of the time at most


class Leading:
    """Whether this collector leads, from `start` to `close`."""

    def __init__(self, system: System, kinds: Collection[str], every_kind: Collection[str]) -> None:
        """`kinds`: those of the sources that it polls; collectors of other parts, and of other
        shards, have a lease of their own. Sends nothing yet.

        Raises BadInput where an extra is missing."""
        assert system.ha is not None
        self.ha = system.ha
        part = "" if set(kinds) >= set(every_kind) else f".{'-'.join(sorted(kinds))}"
        if shard := system.share.shard:
            part += f".shard-{shard.number}-{shard.of}"
        key = lease_key(system) + part
        store = open_store(system.ha)
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.keeper = Keeper(store, key, system.ha.ttl, holder=holder, takes=self._read)
        self.handed: Handed | None = None
        """What the leader before has left, where it was read and not taken yet."""
        self.turned = asyncio.Event()
        """Set once this collector has to lead, or to stand by."""
        self._handover = Handover(store, key)
        self._told = ""
        self._left = b""
        self._folder = Path(system.state_dir)
        self._paid = paid_sources(system), paid_slos(system)

    @property
    def leads(self) -> bool:
        """Whether this collector is to lead."""
        return self.keeper.leads

    async def start(self) -> None:
        """Look at the lease for the first time, and keep it from now on."""
        loop = asyncio.get_running_loop()
        await in_thread(self.keeper.start, "lease")
        if not self.leads:
            await in_thread(lambda: self._read(0), "lease")

        def changed() -> None:
            loop.call_soon_threadsafe(self.turned.set)

        self.keeper.changed = changed

    async def close(self) -> None:
        """Leave the state, which has been saved, for the next leader, and give the lease back."""
        self.keeper.changed = _nothing
        if self.leads:
            await in_thread(self._leave, "lease")
        await in_thread(self.keeper.stop, "lease")

    async def leave_forever(self, _: InCore) -> None:
        """While this collector leads, leave its state for the next leader."""
        while self._handover.is_possible:
            await asyncio.sleep(self.ha.ttl)
            took = await in_thread(self._leave, "handover")
            await asyncio.sleep(max(_SHARE * took, self._handover.seldom - self.ha.ttl))

    def begin(self, state: State, system: System, *, leads: bool) -> None:
        """Take what the leader before has left into the state, and note which epoch this is. From
        now on the state of this spec is handed over."""
        self._paid = paid_sources(system), paid_slos(system)
        self._left = b""  # another may have left something else meanwhile
        handed, self.handed = self.handed, None
        before = _led(state)
        newer = leads and handed is not None and handed.epoch > before
        if handed is not None:
            slos = take_over(state, handed.body, self._paid[0], replaces=newer)
            if slos:
                age = max(time.time() - handed.at, 0.0)
                log.info("took over the state of %s, left %.0f s ago", slos, age)
        if leads:
            state.put(_KIND, _EPOCH, msgspec.msgpack.encode(self.keeper.epoch))
        state.flush()

    def _read(self, epoch: int) -> None:
        if not self._handover.is_possible:
            return
        try:
            self.handed = self._handover.left()
        except SourceError as error:
            log.warning("what the leader before left cannot be read: %s", error)

    def _leave(self) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        if not self._handover.is_possible or not self.keeper.holds():
            return 0.0
        try:
            with copied_state(self._folder) as state:
                body = handed_over(state, *self._paid)
            if body != self._left:
                self._handover.leave(body, self.keeper.epoch, time.time())
                self._left = body
            self._told = ""
        except (BadInput, SourceError) as error:
            if str(error) != self._told:
                log.warning("the state is not handed over: %s", error)
            self._told = str(error)
        return time.monotonic() - began


def _nothing() -> None:
    """To be called."""


def takes_part(system: System, kinds: Collection[str]) -> bool:
    """Whether a collector of these kinds has anything that only a leader does."""
    if system.ha is None:
        return False
    outputs = system.outputs
    pushes = outputs.pushed or outputs.slo_report
    spends = (kind.key in kinds and kind.spends(spec) for kind, _, spec in each_source(system))
    return bool(pushes) or system.checks.every is not None or any(spends)


def paid_sources(system: System) -> frozenset[str]:
    """The sources that only the leader polls."""
    return frozenset(name for kind, name, spec in each_source(system) if kind.spends(spec))


def paid_slos(system: System) -> frozenset[str]:
    """Service and name, as service/name, of the SLOs that are measured by such a source."""
    paid = paid_sources(system)
    slos = {key_of(f"{each.service}/{each.name}", each.service): each for each in system.slos}
    found = set()
    for key, slo in slos.items():
        parts = slo.sli.measured.part_names()
        sources = sources_of(key, slos) if parts else (slo.sli.measured.source,)
        if not paid.isdisjoint(sources):
            found.add(f"{slo.service}/{slo.name}")
    return frozenset(found)


def handed_over(state: State, sources: frozenset[str], slos: frozenset[str]) -> bytes:
    """What the next leader needs: all of these sources and SLOs, and of the other SLOs."""
    head = msgspec.json.encode(sorted(slos))

    def wanted(kind: str, key: str) -> bool:
        return kind == SLO or (kind != _KIND and key.split(_SEPARATOR, maxsplit=1)[0] in sources)

    return head + b"\n" + b"".join(exported(state, wanted))


def take_over(state: State, body: bytes, sources: frozenset[str], *, replaces: bool) -> str:
    """Put what was handed over into a state; in words, what that was.

    `replaces`: what is there of paid sources and their SLOs is older. Of other SLOs, what is there
    stays. What cannot be read counts for nothing: history is backfilled then.
    """
    own = state.entries(SLO)
    head, _, rest = body.partition(b"\n")
    try:
        paid = msgspec.json.decode(head, type=list[str])

        def wanted(kind: str, key: str) -> bool:
            if kind != SLO:
                return replaces and key.split(_SEPARATOR, maxsplit=1)[0] in sources
            of_paid = any(key == each or key.startswith(f"{each}/") for each in paid)
            return replaces if of_paid else key not in own

        entries, ledgers = take(state, rest.splitlines(), "handover", wanted)
    except (BadInput, msgspec.DecodeError) as error:
        log.warning("what the leader before left is unreadable: %s", error)
        return ""
    return f"{ledgers} SLOs and {entries - ledgers} counters" if entries else ""


def _led(state: State) -> int:
    value = state.entries(_KIND).get(_EPOCH)
    try:
        return decoded(value, int) if value else 0
    except ValueError:
        return 0
