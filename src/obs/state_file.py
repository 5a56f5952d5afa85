"""The state file on disk: made private, opened or made anew, set aside where it is damaged."""

import contextlib
import logging
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

FILE_NAME: Final = "obs.sqlite3"
_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_KEPT_ASIDE: Final = (
    5  # files set aside that are kept, the newest: a damage that repeats is bounded
)
_LATER: Final = "later"
"""How a file of a later version is set aside: it is sound, so it is never removed."""
_SCHEMA_VERSION: Final = 1
_TABLES: Final = {
    "entry": """CREATE TABLE entry (
  kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID""",
    "bucket": """CREATE TABLE bucket (
  slo TEXT NOT NULL, level INTEGER NOT NULL, start INTEGER NOT NULL,
  good REAL NOT NULL, total REAL NOT NULL, PRIMARY KEY (slo, level, start)
) WITHOUT ROWID""",
}
# Of versions from 0.2 on. The triggers keep the sums true where an earlier version, which knows
# nothing of them, writes an entry: it has none then.
SUMS: Final = (
    """CREATE TABLE IF NOT EXISTS entry_sum (
  kind TEXT NOT NULL, key TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID""",
    """CREATE TRIGGER IF NOT EXISTS entry_written AFTER INSERT ON entry BEGIN
  DELETE FROM entry_sum WHERE kind = NEW.kind AND key = NEW.key; END""",
    """CREATE TRIGGER IF NOT EXISTS entry_removed AFTER DELETE ON entry BEGIN
  DELETE FROM entry_sum WHERE kind = OLD.kind AND key = OLD.key; END""",
)


class LaterVersion(sqlite3.DatabaseError):
    """The file is one of a later version of obs."""


class InUse(Exception):  # noqa: N818  reads as a sentence where it is raised
    """Another collector holds the file."""


@dataclass(slots=True)
class OpenFile:
    """An open state file. SQLite goes on writing to one that nobody can find any more."""

    path: Path
    connection: sqlite3.Connection
    identity: tuple[int, int]
    size: int = 0
    in_order: bool = True
    """Whether rows are found by their keys; else all have to be read, and the file made anew."""

    def fault(self) -> str:
        """Why what is written does not arrive at `path`; empty where it does."""
        try:
            found = self.path.stat()
        except OSError as error:
            return "is gone" if isinstance(error, FileNotFoundError) else str(error.strerror)
        if (found.st_dev, found.st_ino) != self.identity:
            return "was replaced by another file"
        if found.st_size < self.size:  # SQLite never makes it smaller
            return "was cut short"
        self.size = found.st_size
        return ""

    def is_at_path(self) -> bool:
        """Whether this very file is the one at `path`, whatever is in it now."""
        with contextlib.suppress(OSError):
            found = self.path.stat()
            return (found.st_dev, found.st_ino) == self.identity
        return False

    def close(self) -> None:
        """Give the file back."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()


def open_or_set_aside(path: Path, on_damage: Callable[[], None], now: float) -> OpenFile:
    """The state file, or a new one where it is damaged or of a later version: that is renamed then.

    Raises InUse, OSError, or sqlite3.Error where it cannot be opened for another reason.
    """
    _make_private_folder(path.parent)
    try:
        return open_file(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        on_damage()
        later = isinstance(error, LaterVersion)
        aside = set_aside(path, _LATER if later else "damaged", now)
        what = str(error) if later else f"damaged ({error})"
        log.error("state file %s is %s; renamed to %s", path, what, aside.name)
    return open_file(path)


def make_anew(path: Path, old: OpenFile | None, now: float) -> OpenFile:
    """A new file at `path`, where `old` is damaged or no longer. What is there is set aside.

    Raises InUse, OSError or sqlite3.Error; `old` is open then as before.
    """
    _make_private_folder(path.parent)
    if os.path.lexists(path):
        ours = old is not None and old.is_at_path()
        with contextlib.suppress(sqlite3.DatabaseError):
            if not ours:  # opening ours a second time would drop our locks
                open_file(path).close()  # raises InUse where a collector has it
        aside = set_aside(path, "damaged" if ours else "replaced", now)
        log.warning("state file %s: what was there is renamed to %s", path, aside.name)
    if old:
        old.close()  # with nothing at the path: SQLite removes the log of writes by its name
    return open_file(path)


def open_file(path: Path) -> OpenFile:
    """The sound file at `path`, made where there is none.

    Raises InUse, OSError, or sqlite3.Error; `is_damage` tells whether the file is to blame.
    """
    for each in _files(path):
        if os.path.lexists(each) and each.exists() and not each.is_file():
            raise sqlite3.DatabaseError(f"malformed: {each.name} is not a regular file")
    log_of_writes = _companion(path, "-wal")
    killed = log_of_writes.exists() and log_of_writes.stat().st_size > 0
    made = _make_private(path)
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
        in_order = _make_ready(connection, killed=killed)
        found = path.stat()
        _tighten(log_of_writes)
        return OpenFile(path, connection, (found.st_dev, found.st_ino), found.st_size, in_order)
    except BaseException as error:
        if connection:
            connection.close()
        if made:  # on a full disk: it would be taken for a damaged one
            for each in _files(path):
                each.unlink(missing_ok=True)
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise InUse from None
        if isinstance(error, UnicodeDecodeError):  # SQLite's own message quotes what it found
            raise sqlite3.DatabaseError("malformed: names that are no text") from None
        raise


def _make_ready(connection: sqlite3.Connection, *, killed: bool) -> bool:
    """Whether its rows are in the order of their keys. Raises sqlite3.Error."""
    # What is no UTF-8 is a damaged row, not the end of reading.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    # Exclusive locking keeps the WAL index in memory, which network file systems need.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA trusted_schema = OFF")
    problems = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problems != ("ok",):
        raise sqlite3.DatabaseError(f"malformed: {problems[0] if problems else 'no answer'}")
    _prepare(connection, written=killed)
    return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))


def in_memory() -> sqlite3.Connection:
    """A state that ends with the process."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    _prepare(connection, written=False)
    return connection


def remembered(path: Path) -> sqlite3.Connection | None:
    """In memory what is in a file that can be read but not written; None where it cannot be read.

    SQLite itself reads no file beside which it cannot write.
    """
    log_of_writes = _companion(path, "-wal")
    with (
        contextlib.suppress(OSError, InUse, *SQLITE_ERRORS),
        tempfile.TemporaryDirectory(prefix="obs-state-") as folder,
    ):
        copy = Path(folder) / path.name
        for each in (path, *([log_of_writes] if log_of_writes.is_file() else [])):
            shutil.copyfile(each, Path(folder) / each.name)
        with contextlib.closing(open_file(copy)) as file:
            if file.in_order:
                file.connection.execute("PRAGMA journal_mode = DELETE")  # memory has no log
                memory = sqlite3.connect(":memory:", check_same_thread=False)
                memory.text_factory = file.connection.text_factory
                file.connection.backup(memory)
                return memory
    return None


SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite's functions raise; the latter where their message quotes damaged names."""


def is_damage(error: Exception) -> bool:
    """Whether the content of the file is to blame, and not the disk or another process."""
    if isinstance(error, UnicodeDecodeError):
        return True
    text = str(error)
    return isinstance(error, sqlite3.DatabaseError) and (
        not isinstance(error, sqlite3.OperationalError)
        or any(word in text for word in ("malformed", "not a database", "unsupported", "no such"))
    )


def set_aside(path: Path, why: str, now: float) -> Path:
    """Rename the file, and what SQLite keeps beside it; returns its new path. Raises OSError."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    aside, number = path.with_name(f"{path.name}.{why}-{stamp}"), 1
    while os.path.lexists(aside):
        aside, number = path.with_name(f"{path.name}.{why}-{stamp}-{number}"), number + 1
    for suffix in ("", *_COMPANIONS):
        each = _companion(path, suffix)
        if os.path.lexists(each):
            _tighten(each)
            each.replace(_companion(aside, suffix))
    _forget_oldest(path)
    return aside


def _forget_oldest(path: Path) -> None:
    """Of all that was set aside keep the newest: a disk that damages each file must not fill."""
    found = [
        each
        for why in ("damaged", "replaced")
        for each in path.parent.glob(f"{path.name}.{why}-*")
        if not each.name.endswith(_COMPANIONS) and each.is_file()
    ]
    for each in sorted(found, key=lambda file: file.stat().st_mtime)[:-_KEPT_ASIDE]:
        for suffix in ("", *_COMPANIONS):
            _companion(each, suffix).unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection, *, written: bool) -> None:
    """Create the tables in a new file, and write nothing to one that has them.

    `written`: it cannot be new. SQLite takes a log of writes that it cannot read for an empty one.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise LaterVersion(
            f"of a later version of obs (schema {version}; this one knows {_SCHEMA_VERSION})"
        )
    if version not in (0, _SCHEMA_VERSION):
        raise sqlite3.DatabaseError(f"malformed: schema version {version}")
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    if version:
        sums = {name: sql for name, sql in _sums().items() if name in found}
        for name, written_sql in (_TABLES | sums).items():
            if _words(found.get(name)) != _words(written_sql):
                raise sqlite3.DatabaseError(f"malformed: {name} is not that of a state file")
        return
    if found:
        raise sqlite3.DatabaseError("malformed: the database of another program")
    if written:
        raise sqlite3.DatabaseError("malformed: data written is missing")
    tables = "".join(f"{sql};" for sql in _TABLES.values())
    connection.executescript(f"BEGIN; {tables} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")


def _sums() -> dict[str, str]:
    """The table and triggers of SUMS by name, as SQLite keeps them."""
    kept = [sql.replace(" IF NOT EXISTS", "") for sql in SUMS]
    return {sql.split()[2]: sql for sql in kept}


def _words(sql: object) -> list[str]:
    return str(sql).split()


def _companion(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _files(path: Path) -> Iterator[Path]:
    yield path
    for suffix in _COMPANIONS:
        yield _companion(path, suffix)


def _make_private(path: Path) -> bool:
    """Only its owner may read and write it; SQLite gives the files beside it the same mode.

    Made before SQLite opens it, which would make it as the umask says; whether it was.
    """
    made = False
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        made = True
    for each in _files(path):
        _tighten(each)
    return made


def _tighten(file: Path) -> None:
    with contextlib.suppress(OSError):  # gone, or of a file system without modes
        found = file.stat()
        ours = found.st_uid == os.geteuid() and stat.S_ISREG(found.st_mode)
        if ours and stat.S_IMODE(found.st_mode) != 0o600:
            file.chmod(0o600)


def _make_private_folder(folder: Path) -> None:
    """Make the folder, for its owner only; tighten one that only state files are in.

    Any other is left as it is, with a warning where others may write to it: `state_dir` may be a
    folder of more than this, and one mounted into a pod belongs to somebody else.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir(0o700)
            each.chmod(0o700)  # whatever the umask
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if missing or mode & 0o077 == 0:
        return
    if found.st_uid == os.geteuid() and _is_of_state_only(folder):
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
            return
    others = [*(["its group"] * bool(mode & 0o020)), *(["everyone"] * bool(mode & 0o002))]
    if others:
        log.log(
            logging.WARNING if found.st_uid == os.geteuid() else logging.INFO,
            "state folder %s: %s may replace the files in it; use a folder with mode 0700 that "
            "belongs to the collector's user",
            *(folder, " and ".join(others)),
        )


def _is_of_state_only(folder: Path) -> bool:
    return all(each.name.startswith(FILE_NAME) for each in folder.iterdir())
