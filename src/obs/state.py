"""What survives a restart: one SQLite file.

Writes are collected with `put` and `put_buckets` and written by `flush` in one transaction, so
that a kill at any moment leaves the state of the last flush. A file that cannot be read or
written never stops the collector: what could not be written stays queued for the next flush.

Damage costs as little as possible. A file that SQLite cannot read is set aside. In one that it can
read, each entry has a checksum: one that is damaged is left out, and the others stay; so does a
bucket that cannot be true. A file that is gone, replaced or damaged while the collector runs is
made anew: `was_lost` says that everything has to be put again.
"""

import contextlib
import errno
import logging
import math
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from obs.errors import BadInput, StateReason
from obs.state_file import (
    FILE_NAME,
    SQLITE_ERRORS,
    SUMS,
    InUse,
    OpenFile,
    in_memory,
    is_damage,
    make_anew,
    open_or_set_aside,
    remembered,
)

__all__ = ["FILE_NAME", "BucketRow", "State", "decoded", "open_state", "state_error_reason"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_LARGEST: Final = 2**53  # events of a bucket: above it sums of floats are not exact

BucketRow = tuple[int, int, float, float]
"""Level (bucket length in seconds), start of the bucket (Unix seconds), good, total."""

_Buckets = tuple[str, Sequence[BucketRow]]


class State:
    """The state file. All calls come from one thread at a time."""

    def __init__(
        self,
        path: Path,
        file: OpenFile | None,
        on_error: Callable[[StateReason], None],
        *,
        forgets: StateReason | None = None,
        memory: sqlite3.Connection | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`file`: None where the state lives in memory; `forgets` says why. `memory`: all that was
        saved, where that is known nevertheless."""
        self._path = path
        self._file = file
        self._connection = file.connection if file else memory or in_memory()
        self._remembers = memory is not None
        self._on_error = on_error
        self._forgets = forgets
        self._now = now
        self._fault = ""  # why what is written is lost; empty while it is not
        self._told = ""
        self._has_sums = self._knows_sums()
        self._read_kinds: set[str] = set()
        self._read_slos: set[str] = set()
        self._entries: dict[tuple[str, str], bytes] = {}
        self._buckets: dict[tuple[str, int, int], tuple[float, float]] = {}
        self._expired: dict[tuple[str, int], int] = {}
        self._removed: dict[tuple[str, str], None] = {}
        if file is not None and not file.in_order:
            self._lose("damaged", f"{path} is damaged in part: its rows are out of order")

    def entries(self, kind: str) -> dict[str, bytes]:
        """All sound values of one kind by key, as they were last flushed."""
        # The + has all rows compared: where one is out of order, others are not found by their key.
        self._read_kinds.add(kind)
        sums = dict(self._read("SELECT key, sum FROM entry_sum WHERE +kind = ?", kind, sums=True))
        rows = self._read("SELECT key, value FROM entry WHERE +kind = ?", kind)
        sound = {
            key: value
            for key, value in rows
            if isinstance(value, bytes) and isinstance(key, str)
            if sums.get(key) in (None, _checksum(kind, key, value))
        }
        lost = {key for key, _ in rows} | sums.keys()
        if lost := lost - sound.keys():
            self._damaged(f"{len(lost)} of {len(rows)} entries of {kind}")
        return sound

    def buckets(self, slo: str, until: float = math.inf) -> list[BucketRow]:
        """The ledger of one SLO, without buckets that cannot be true: those that begin after
        `until` (Unix seconds) among them.
        """
        self._read_slos.add(slo)
        rows = self._read("SELECT level, start, good, total FROM bucket WHERE +slo = ?", slo)
        sound = [row for row in rows if is_bucket(*row) and row[1] <= until]
        if len(sound) < len(rows):
            self._damaged(f"{len(rows) - len(sound)} of {len(rows)} buckets of SLO {slo}")
        return sound

    @property
    def is_in_memory(self) -> bool:
        """Whether it ends with the process, because the file cannot be used."""
        return self._file is None

    def kinds(self) -> list[str]:
        """The kinds of entries that there are."""
        return sorted(self._names("SELECT DISTINCT kind FROM entry"))

    def entry_keys(self) -> list[tuple[str, str]]:
        """Kind and key of every entry; their values may be damaged."""
        with contextlib.suppress(*SQLITE_ERRORS):
            rows = self._connection.execute("SELECT kind, key FROM entry").fetchall()
            return [each for each in rows if all(isinstance(name, str) for name in each)]
        return []

    def ledgers(self) -> list[str]:
        """The SLOs that have a ledger."""
        return sorted(self._names("SELECT DISTINCT slo FROM bucket"))

    def compact(self) -> None:
        """Give the space of what was removed back to the disk. Raises sqlite3.Error."""
        self._connection.execute("VACUUM")

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Queue a value; the last one put wins."""
        self._removed.pop((kind, key), None)
        self._entries[kind, key] = value

    def remove(self, kind: str, key: str) -> None:
        """Queue the removal of a value, and of the ledger of that name if it has one."""
        self._entries.pop((kind, key), None)
        self._removed[kind, key] = None

    def put_buckets(self, slo: str, rows: Iterable[BucketRow]) -> None:
        """Queue buckets of an SLO's ledger; a bucket put again replaces the earlier one."""
        for level, start, good, total in rows:
            self._buckets[slo, level, start] = (good, total)

    def expire_buckets(self, slo: str, level: int, before: int) -> None:
        """Queue the removal of buckets that start before `before` (Unix seconds)."""
        self._expired[slo, level] = before

    def replace(self) -> None:
        """Make the file anew at the next save: a part of what was read is damaged."""
        if self._file and not self._fault:
            self._fault = "is damaged in part"

    def was_lost(self) -> bool:
        """Whether the file was made anew, because it is gone, replaced or damaged.

        Then everything that is to survive a restart has to be put again, before the next `flush`.
        """
        if self._file and not self._fault and (fault := self._file.fault()):
            self._lose("unwritable", f"{self._path} {fault}")
        if not (self._fault or self._forgets):
            return False
        if self._forgets and self._path.exists() and not self._remembers:
            return False  # it could not be used when we began: the next start may know it
        known = self._remembers or (self._file and not self._file.fault())
        unread = self._unread() if known else ((), ())
        try:
            self._file = make_anew(self._path, self._file, self._now())
        except InUse:
            self._tell("in use by a running collector; stop it, or set a separate state_dir")
            return False
        except (OSError, *SQLITE_ERRORS) as error:
            self._tell(str(error))
            return False
        self._connection = self._file.connection
        self._fault, self._told, self._forgets, self._has_sums = "", "", None, False
        self._remembers = False
        self._forget_queued()
        for kind, key, value in unread[0]:
            self.put(kind, key, value)
        for slo, rows in unread[1]:
            self.put_buckets(slo, rows)
        log.warning("state file %s is made anew; saving everything", self._path)
        return True

    def flush(self) -> bool:
        """Write what is queued in one transaction; False where that failed."""
        if self._fault:  # everything will be put again
            self._on_error("unwritable")
            self._forget_queued()
            return False
        if not (self._entries or self._buckets or self._expired or self._removed):
            return True
        if self._forgets:
            self._on_error(self._forgets)
        try:
            with self._connection:
                self._write()
        except SQLITE_ERRORS as error:
            reason = state_error_reason(error)
            if reason == "damaged" and self._file:
                self._lose(reason, f"{self._path} is damaged ({error})")
            else:
                self._report(error)
            return False
        self._has_sums, self._told = True, ""
        self._forget_queued()
        return True

    def close(self) -> None:
        """Write what is queued and give the file back."""
        self.flush()
        if self._fault:  # SQLite would remove what another process keeps at the same path
            return
        with contextlib.suppress(*SQLITE_ERRORS):
            self._connection.close()

    def _write(self) -> None:
        if not self._has_sums:
            self._connection.execute("BEGIN")
            for statement in SUMS:
                self._connection.execute(statement)
        self._connection.executemany(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)",
            [(kind, key, value) for (kind, key), value in self._entries.items()],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO entry_sum VALUES (?, ?, ?)",
            [
                (kind, key, _checksum(kind, key, value))
                for (kind, key), value in self._entries.items()
            ],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?, ?)",
            [(*bucket, *counts) for bucket, counts in self._buckets.items()],
        )
        self._connection.executemany(
            "DELETE FROM bucket WHERE slo = ? AND level = ? AND start < ?",
            [(*which, before) for which, before in self._expired.items()],
        )
        for kind, key in self._removed:
            self._connection.execute("DELETE FROM entry WHERE kind = ? AND key = ?", (kind, key))
            self._connection.execute(
                "DELETE FROM entry_sum WHERE kind = ? AND key = ?", (kind, key)
            )
            self._connection.execute("DELETE FROM bucket WHERE slo = ?", (key,))

    def _forget_queued(self) -> None:
        self._entries.clear()
        self._buckets.clear()
        self._expired.clear()
        self._removed.clear()

    def _read(self, query: str, of: str, *, sums: bool = False) -> list[Any]:
        if sums and not self._has_sums:
            return []
        try:
            return self._connection.execute(query, (of,)).fetchall()
        except SQLITE_ERRORS as error:
            reason = state_error_reason(error)
            if reason == "damaged" and self._file and not self._fault:
                self._lose(reason, f"{self._path} is damaged ({error})")
            else:
                self._report(error)
            return []

    def _knows_sums(self) -> bool:
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'entry_sum'"
        return bool(self._connection.execute(query).fetchone() == (1,))

    def _lose(self, reason: StateReason, fault: str) -> None:
        self._fault = fault
        self._on_error(reason)
        log.error("state file %s", fault)

    def _unread(self) -> tuple[Sequence[tuple[str, str, bytes]], Sequence[_Buckets]]:
        """What is sound and belongs to nobody here, as the spec was changed: entries, buckets."""
        kinds = self._names("SELECT DISTINCT kind FROM entry") - self._read_kinds
        slos = self._names("SELECT DISTINCT slo FROM bucket") - self._read_slos
        entries = [(kind, *each) for kind in kinds for each in self.entries(kind).items()]
        return entries, [(slo, self.buckets(slo)) for slo in slos]

    def _names(self, query: str) -> set[str]:
        with contextlib.suppress(*SQLITE_ERRORS):
            return {name for (name,) in self._connection.execute(query) if isinstance(name, str)}
        return set()

    def _damaged(self, what: str) -> None:
        self.replace()
        self._on_error("damaged")
        log.error("state file %s: %s are damaged and left out", self._path, what)

    def _report(self, error: Exception) -> None:
        self._on_error(state_error_reason(error))
        self._tell(str(error))

    def _tell(self, why: str) -> None:
        """Once, until it can be written again."""
        if why != self._told:
            log.error("state file %s: %s; continuing without it", self._path, why)
        self._told = why


def decoded(value: bytes, kind: type[T]) -> T:
    """A value that was saved, in which every number is one that we could have saved.

    Raises ValueError, or msgspec.DecodeError, which is one; never anything else.
    """
    try:
        found = msgspec.msgpack.decode(value, type=kind)
        _check_numbers(msgspec.to_builtins(found))
    except RecursionError:
        raise ValueError("nested too deep") from None
    except MemoryError:
        raise ValueError("too large") from None
    return found


def _check_numbers(value: object) -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} was never saved")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{value} was never saved")
    elif isinstance(value, list | tuple):
        for item in value:
            _check_numbers(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_numbers(key)
            _check_numbers(item)


def _checksum(kind: str, key: str, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(f"{kind}\0{key}\0".encode("utf-8", "replace")))


def is_bucket(level: object, start: object, good: object, total: object) -> bool:
    """Whether these can be the columns of a bucket; NaN is false in every comparison."""
    if not (isinstance(level, int) and isinstance(start, int)):
        return False
    if not (isinstance(good, int | float) and isinstance(total, int | float)):
        return False
    if not (0 < level <= _LARGEST and 0 <= start <= _LARGEST):
        return False
    return start % level == 0 and 0 <= good <= total <= _LARGEST


def state_error_reason(error: Exception) -> StateReason:
    """A bounded word for what is wrong with the state file, for a label."""
    if isinstance(error, OSError):
        return "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "unwritable"
    text = str(error)
    if "full" in text:
        return "disk_full"
    if is_damage(error):
        return "damaged"
    if "readonly" in text or "unable to open" in text:
        return "unwritable"
    return "other"


def open_state(
    folder: Path, on_error: Callable[[StateReason], None], *, now: Callable[[], float] = time.time
) -> State:
    """Open or create the state file in `folder`.

    A damaged file is set aside under another name. Where the folder cannot be written the state
    lives in memory, with what was saved, until it can be. Raises BadInput where another collector
    holds the file.
    """
    path = folder / FILE_NAME
    try:
        file = open_or_set_aside(path, lambda: on_error("damaged"), now())
        return State(path, file, on_error, now=now)
    except InUse:
        raise BadInput(
            f"{path}: in use by a running collector; stop it, or set a separate state_dir"
        ) from None
    except (OSError, *SQLITE_ERRORS) as error:
        memory, forgets = remembered(path), state_error_reason(error)
        known = "knows what was saved" if memory else "begins anew"
        log.error("state folder %s: %s; %s, and keeps state in memory only", folder, error, known)
        return State(path, None, on_error, forgets=forgets, memory=memory, now=now)
