"""What survives a restart: one SQLite file.

Writes are collected with `put` and `put_buckets` and written by `flush` in one transaction, so
that a kill at any moment leaves the state of the last flush. A file that cannot be read or
written never stops the collector: what could not be written stays queued for the next flush.
"""

import contextlib
import errno
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from obs.errors import BadInput, StateReason

log = logging.getLogger(__name__)

FILE_NAME: Final = "obs.sqlite3"
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE entry (
  kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE bucket (
  slo TEXT NOT NULL, level INTEGER NOT NULL, start INTEGER NOT NULL,
  good REAL NOT NULL, total REAL NOT NULL, PRIMARY KEY (slo, level, start)
) WITHOUT ROWID;
"""

BucketRow = tuple[int, int, float, float]
"""Level (bucket length in seconds), start of the bucket (Unix seconds), good, total."""


class State:
    """The state file. All calls come from one thread at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        on_error: Callable[[StateReason], None],
        *,
        forgets: StateReason | None = None,
    ) -> None:
        """`forgets`: why the file is lost with the process, counted at every flush."""
        self._connection = connection
        self._on_error = on_error
        self._forgets = forgets
        self._entries: dict[tuple[str, str], bytes] = {}
        self._buckets: dict[tuple[str, int, int], tuple[float, float]] = {}
        self._expired: dict[tuple[str, int], int] = {}

    def entries(self, kind: str) -> dict[str, bytes]:
        """All values of one kind by key, as they were last flushed."""
        rows = self._read("SELECT key, value FROM entry WHERE kind = ?", (kind,))
        return dict(rows)

    def buckets(self, slo: str) -> list[BucketRow]:
        """The ledger of one SLO."""
        query = "SELECT level, start, good, total FROM bucket WHERE slo = ?"
        return self._read(query, (slo,))

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Queue a value; the last one put wins."""
        self._entries[kind, key] = value

    def put_buckets(self, slo: str, rows: Iterable[BucketRow]) -> None:
        """Queue buckets of an SLO's ledger; a bucket put again replaces the earlier one."""
        for level, start, good, total in rows:
            self._buckets[slo, level, start] = (good, total)

    def expire_buckets(self, slo: str, level: int, before: int) -> None:
        """Queue the removal of buckets that start before `before` (Unix seconds)."""
        self._expired[slo, level] = before

    def flush(self) -> bool:
        """Write what is queued in one transaction; False where that failed."""
        if not (self._entries or self._buckets or self._expired):
            return True
        if self._forgets:
            self._on_error(self._forgets)
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)",
                    [(kind, key, value) for (kind, key), value in self._entries.items()],
                )
                self._connection.executemany(
                    "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?, ?)",
                    [(*bucket, *counts) for bucket, counts in self._buckets.items()],
                )
                self._connection.executemany(
                    "DELETE FROM bucket WHERE slo = ? AND level = ? AND start < ?",
                    [(*which, before) for which, before in self._expired.items()],
                )
        except sqlite3.Error as error:
            self._report(error)
            return False
        self._entries.clear()
        self._buckets.clear()
        self._expired.clear()
        return True

    def close(self) -> None:
        """Write what is queued and give the file back."""
        self.flush()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _read(self, query: str, parameters: tuple[str, ...]) -> list[Any]:
        try:
            return self._connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            self._report(error)
            return []

    def _report(self, error: sqlite3.Error) -> None:
        self._on_error(state_error_reason(error))
        log.error("state file: %s; continuing without it", error)


def state_error_reason(error: sqlite3.Error | OSError) -> StateReason:
    """A bounded word for what is wrong with the state file, for a label."""
    if isinstance(error, OSError):
        return "disk_full" if error.errno == errno.ENOSPC else "unwritable"
    text = str(error)
    if "full" in text:
        return "disk_full"
    if "malformed" in text or "not a database" in text:
        return "damaged"
    if "readonly" in text or "unable to open" in text:
        return "unwritable"
    return "other"


def open_state(
    folder: Path, on_error: Callable[[StateReason], None], *, now: Callable[[], float] = time.time
) -> State:
    """Open or create the state file in `folder`.

    A damaged file is set aside under another name. Where the folder cannot be written the state
    lives in memory. Raises BadInput where another collector holds the file.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return State(_connect_or_set_aside(path, on_error, now), on_error)
    except (OSError, sqlite3.Error) as error:
        if "locked" in str(error):
            raise BadInput(
                f"{path}: in use by another collector; set a separate state_dir for each"
            ) from None
        log.error("state folder %s: %s; keeping state in memory only", folder, error)
        memory = _prepare(sqlite3.connect(":memory:", check_same_thread=False))
        return State(memory, on_error, forgets=state_error_reason(error))


def _connect_or_set_aside(
    path: Path, on_error: Callable[[StateReason], None], now: Callable[[], float]
) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if state_error_reason(error) != "damaged":
            raise
    on_error("damaged")
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now()))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    log.error("state file %s is damaged; renamed to %s", path, aside.name)
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    log_of_writes = path.with_name(path.name + "-wal")
    killed = log_of_writes.exists() and log_of_writes.stat().st_size > 0
    connection = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    try:
        # Exclusive locking keeps the WAL index in memory, which network file systems need.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        problems = connection.execute("PRAGMA quick_check(1)").fetchone()
        if problems != ("ok",):
            raise sqlite3.DatabaseError(f"malformed: {problems}")
        return _prepare(connection, written=killed)
    except BaseException:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection, *, written: bool = False) -> sqlite3.Connection:
    """Create the tables in a new file, and write nothing to one that has them.

    `written`: it cannot be new. SQLite takes a log of writes that it cannot read for an empty one.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA_VERSION):
        raise sqlite3.DatabaseError(f"malformed: schema version {version}")
    if not version:
        if written:
            raise sqlite3.DatabaseError("malformed: data written is missing")
        connection.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
        )
    return connection
