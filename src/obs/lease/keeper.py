"""Takes the lease when nobody has it, keeps it, and knows at each moment whether it still does."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

from obs.errors import SourceError
from obs.failure import unforeseen
from obs.lease.record import Record, Watch, decoded, encoded
from obs.lease.store import Conflict, Store

log = logging.getLogger(__name__)

_SAFE: Final = 0.8
"""Of the ttl the holder counts on this much: another's clock may go a little faster."""
_RENEWALS: Final = 3  # within a ttl
_ENDS_WITHIN: Final = 5.0  # seconds


def boot_time() -> float:
    """Seconds that go on while the process is stopped, and while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Keeper:
    """One collector's part in a lease. A thread of its own keeps it, whatever else is busy.

    `leads` is what the collector should do; it changes after a look at the lease. `permit` is asked
    before each request that costs money and each push: by the clock alone, so that a process that
    was stopped for a while finds out at once.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        ttl: float,
        *,
        holder: str = "",
        now: Callable[[], float] = boot_time,
        takes: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`ttl` is in seconds. `takes` is called with the epoch once the lease is this one's, and
        before that is told: it may read what the one before has left."""
        self.store = store
        self.key = key
        self.ttl = ttl
        self.holder = holder or secrets.token_hex(8)
        self.leads = False
        self.alive: Callable[[], bool] = lambda: True
        """Whether the collector works; one that hangs does not renew its lease."""
        self.changed: Callable[[], None] = lambda: None
        """Called in the keeper's thread after `leads` has changed."""
        self._now = now
        self._takes = takes
        self._watch = Watch(ttl)
        self._revision: str | None = None  # of our own last write; None: the lease is not ours
        self._until = 0.0
        self._record = Record("", 0, ttl)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""

    @property
    def epoch(self) -> int:
        """The fencing token of the lease as it was last seen: how often it was taken."""
        return self._record.epoch

    @property
    def part(self) -> str:
        """The part of the spec that the lease is for, as the key has it; empty for the whole."""
        return self.key.partition(".")[2]

    @property
    def held_by(self) -> str:
        """Who holds the lease, as it was last seen; empty where nobody does."""
        return self._record.holder

    @property
    def error(self) -> str:
        """Why the lease cannot be read or renewed; empty where it can."""
        return self._told

    def holds(self) -> bool:
        """Whether nobody else can have the lease at this moment."""
        return self._revision is not None and self._now() < self._until

    def permit(self) -> SourceError | None:
        """Why nothing may be spent and pushed now; None where it may."""
        if self.holds():
            return None
        return SourceError("unavailable", "this collector does not hold the lease (any more)")

    def start(self) -> None:
        """Look at the lease once, and keep it from now on."""
        self._looked()
        self._thread = threading.Thread(target=self._keep, name="obs-lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back, so that another collector takes it at its next look."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN)
        if self._revision is not None:
            try:
                record = self._next("", self.epoch)
                self.store.write(self.key, encoded(record), self._revision)
            except SourceError as error:
                log.warning("the lease is not given back: %s", error)
            self._revision = None
        self.leads = False
        self.store.close()

    def look(self) -> None:
        """Renew the lease, or take it where nobody has it. Raises SourceError."""
        try:
            if not self.alive():
                raise SourceError("internal", "not renewed: this collector hangs")
            if self._revision is not None:
                self._renew()
            else:
                self._watch_it()
        finally:
            leads = self.holds()
            if leads != self.leads:
                self.leads = leads
                self.changed()

    def _keep(self) -> None:
        while not self._stopping.wait(self.ttl / _RENEWALS):
            self._looked()

    def _looked(self) -> None:
        try:
            self.look()
        except SourceError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001  the thread must outlive it
            unforeseen(error)
        else:
            self._tell("")

    def _renew(self) -> None:
        assert self._revision is not None
        started = self._now()
        record = self._next(self.holder, self.epoch)
        try:
            self._revision = self.store.write(self.key, encoded(record), self._revision)
        except Conflict:
            self._revision = self._still_ours()
            return
        self._record, self._until = record, started + _SAFE * self.ttl

    def _still_ours(self) -> str | None:
        """The revision of the lease where a write of ours arrived whose answer did not; None where
        it is another's."""
        found = self.store.read(self.key)
        record = decoded(found.value) if found else None
        if found and record and (record.holder, record.epoch) == (self.holder, self.epoch):
            return found.revision  # for as long as before; the next renewal makes it longer
        self._until = 0.0
        if record is not None:
            self._record = record
        log.warning("another collector has taken the lease (epoch %d)", self.epoch)
        return None

    def _watch_it(self) -> None:
        found = self.store.read(self.key)
        record = decoded(found.value) if found else None
        if record is not None:
            self._record = record
        if found and record and record.holder == self.holder:
            self._revision = found.revision  # a write whose answer did not arrive
            self._renew()
        elif found is None or found.value is None:
            self._take(found.revision if found else None)
        elif self._watch.may_take(record, found.revision, self._now()):
            self._take(found.revision)

    def _take(self, revision: str | None) -> None:
        started = self._now()
        record = self._next(self.holder, self.epoch + 1)
        try:
            self._revision = self.store.write(self.key, encoded(record), revision)
        except Conflict:
            return  # another one was faster
        self._record, self._until = record, started + _SAFE * self.ttl
        log.info("this collector has taken the lease (epoch %d)", record.epoch)
        self._takes(record.epoch)

    def _next(self, holder: str, epoch: int) -> Record:
        return Record(holder, epoch, self.ttl, self._record.renewals + 1)

    def _tell(self, why: str) -> None:
        """Once, until it changes."""
        if why and why != self._told:
            log.warning("lease in %s: %s", self.store.where, why)
        elif self._told and not why:
            log.info("lease in %s: it can be read again", self.store.where)
        self._told = why
