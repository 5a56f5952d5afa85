"""A state file with everything in it, ways to damage it, and a collector that goes on from it."""

import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.health import SourceHealth
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.snapshot.messages import DeadLetter
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import NatsServer
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.hearing import Arrival, Position
from obs.spec.system import System
from obs.state import FILE_NAME, open_state

START = 1_800_000_000 // 60 * 60
CONSUMERS = 30
_POLLS = 12
DEAD_LETTERS = _POLLS + 1
Damage = Callable[[Path], None]
"""Damages the state file at this path."""

_OF_CONSUMER = {"source": "main", "stream": "ORDERS", "consumer": "c0"}
_SLIS = {
    "delivery": {"eventbridge": {"source": "cloud", "bus": "orders"}},
    "keeps-up": {"nats_lag": {**_OF_CONSUMER, "max_messages": 10}},
    "processed": {"nats_delivery": _OF_CONSUMER},
}
SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "orders",
        "sources": {
            "nats": {
                "main": {
                    "monitor": ["http://nats:8222"],
                    "connection": {
                        "servers": ["nats://nats:4222"],
                        "account": "A",
                        "advisory_stream": "ADVISORIES",
                    },
                }
            },
            "aws": {"cloud": {"region": "us-east-1"}},
        },
        "slos": [
            {"name": name, "service": "orders", "objective": 99, "sli": sli}
            for name, sli in _SLIS.items()
        ],
    }
)


class _Clock(Clock):
    def __init__(self) -> None:
        self.at = float(START)
        self.wall = lambda: self.at
        self.monotonic = lambda: self.at


class Running:
    """A collector on the state in `folder`, whose sources answer what `poll` says."""

    def __init__(self, folder: Path, at: float = START) -> None:
        self.errors: Counter[str] = Counter()
        self.clock = _Clock()
        self.clock.at = at
        self.healths = {
            name: SourceHealth(name, kind, True, 15.0, 120.0)
            for name, kind in (("main", "nats"), ("cloud", "aws"))
        }
        state = open_state(
            folder, lambda reason: self.errors.update([reason]), now=lambda: self.clock.at
        )
        self.collector = Collector(
            SYSTEM, state, [*self.healths.values()], [], [],
            state_errors=self.errors, clock=self.clock,
        )  # fmt: skip

    def poll(self, seconds: float = 15.0) -> None:
        """Both sources, so much later."""
        self.clock.at += seconds
        for name, snapshot in (("main", _nats(self.clock.at)), ("cloud", _aws(self.clock.at))):
            self.collector.record_poll(self.healths[name], snapshot, self.clock.at)

    def hear(self, sequence: int) -> None:
        """A dead letter."""
        tracker = self.collector.trackers["main"]
        assert isinstance(tracker, ConsumerTracker)
        letter = DeadLetter("A", "ORDERS", "c0", sequence, self.clock.at, "max_deliveries", 3)
        arrival = Arrival((letter,), self.clock.at, Position("p", sequence), self.clock.at)
        tracker.hear("A", [replace(arrival, begins=sequence == 1)])

    def exposition(self) -> str:
        """What a scraper sees."""
        return self.collector.exposition.body(openmetrics=False, gzip=False).decode()


def fill(folder: Path) -> bytes:
    """Leave a state of some minutes in `folder`; the file's content."""
    running = Running(folder)
    running.hear(1)
    for number in range(_POLLS):
        running.poll()
        running.hear(number + 2)
    running.collector.close()
    return (folder / FILE_NAME).read_bytes()


def faults_of(folder: Path) -> str:
    """What goes wrong with a collector that begins with this state; empty where nothing does.

    It begins, polls, evaluates, renders, saves, and begins again with what it saved.
    """
    running = Running(folder, START + 300)
    for _ in range(6):
        running.poll()
    running.hear(40)
    text = running.exposition()
    running.collector.close()
    if "nats_consumer_delivered_total" not in text:
        return "a poll left no series"
    for line in text.splitlines():
        if line.endswith((" NaN", " -Inf")):
            return f"not a number: {line}"
    again = Running(folder, START + 600)
    again.poll()
    again.collector.close()
    if again.errors:
        return f"what it saved is not sound: {dict(again.errors)}"
    return ""


def _nats(at: float) -> NatsSnapshot:
    done = int(at - START) * 10 + 1000
    stream = Stream(
        "A", "ORDERS", "a", StreamConfig(3600.0), 100, done * 10, 1, done + 7, START - 60, at - 1, 1
    )
    consumers = tuple(
        Consumer(
            "A", "ORDERS", f"c{number}", "x", ConsumerConfig(max_deliver=3), done, done, done,
            7, 0, 0, 1, at, leader=True,
        )
        for number in range(CONSUMERS)
    )  # fmt: skip
    return NatsSnapshot(at, (NatsServer("nats:8222", True, "n1"),), (stream,), consumers)


def _aws(at: float) -> AwsSnapshot:
    settled = int(at - 120) // 60 * 60
    rules = (Rule("orders", "paid"), Rule("orders", "sent"))
    points = {
        (rule, metric): dict.fromkeys(range(settled - 600, settled + 60, 60), 5.0)
        for rule in rules
        for metric in ("Invocations", "FailedInvocations")
    }
    return AwsSnapshot(at, settled - 10_800, settled, rules, (), points, (), listed=at)


def byte_flips(content: bytes, number: int, seed: int) -> Iterator[tuple[str, Damage]]:
    """Single bytes that became another, at random."""
    chance = random.Random(seed)
    places = ((chance.randrange(len(content)), chance.randrange(1, 256)) for _ in range(number))
    yield from flips(content, places)


def flips(content: bytes, places: Iterable[tuple[int, int]]) -> Iterator[tuple[str, Damage]]:
    """Bytes that became another, each with the bits that changed."""
    for place, bit in places:
        damaged = bytearray(content)
        damaged[place] ^= bit
        yield f"byte {place} ^ {bit}", partial(_holds, content=bytes(damaged))


def page_damages(content: bytes, page: int = 4096) -> Iterator[tuple[str, Damage]]:
    """The file cut short, pages of it zero or swapped."""
    pages = [content[at : at + page] for at in range(0, len(content), page)]
    for cut in (0, 1, 15, 16, 100, 4095, 4096, 4097, len(content) // 2, len(content) - 1):
        yield f"cut to {cut}", partial(_holds, content=content[:cut])
    for n in range(len(pages)):
        zeroed = [*pages[:n], b"\0" * page, *pages[n + 1 :]]
        yield f"page {n} zero", partial(_holds, content=b"".join(zeroed))
        for m in range(n):
            swapped = list(pages)
            swapped[n], swapped[m] = swapped[m], swapped[n]
            yield f"pages {m}, {n} swapped", partial(_holds, content=b"".join(swapped))


def other_files(content: bytes) -> Iterator[tuple[str, Damage]]:
    """What is no state file of ours."""
    yield "rubbish", partial(_holds, content=b"\xff" * 9000)
    yield "a directory", Path.mkdir
    yield "a directory that is not empty", _full_directory
    yield "a pipe", os.mkfifo
    yield "a device", _device
    yield "the log of writes is a directory", partial(_beside, content=content)
    for name, statements in _DATABASES.items():
        yield name, partial(_database, statements=statements)
    for suffix in ("-wal", "-journal", "-shm"):
        yield f"rubbish as {suffix}", partial(_rubbish_beside, content=content, suffix=suffix)
    yield "the log of writes of another file", partial(_foreign_log, content=content)


def _holds(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _rubbish_beside(file: Path, content: bytes, suffix: str) -> None:
    file.write_bytes(content)
    file.with_name(file.name + suffix).write_bytes(b"\x37\x7f\x06\x82" + b"\xab" * 9000)


_DATABASES = {
    "a foreign database": ("CREATE TABLE users (id)", "INSERT INTO users VALUES (1)"),
    "other columns": ("CREATE TABLE entry (a)", "PRAGMA user_version = 1"),
    "an older schema": ("CREATE TABLE entry (kind, key, value)", "PRAGMA user_version = 0"),
    "a newer schema": ("CREATE TABLE entry (kind, key, value)", "PRAGMA user_version = 2"),
    "no tables": ("PRAGMA user_version = 1",),
    "a view in a table's place": (
        "CREATE TABLE t (kind, key, value)",
        "CREATE VIEW entry AS SELECT * FROM t",
        "PRAGMA user_version = 1",
    ),
}


def _database(file: Path, statements: tuple[str, ...]) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _full_directory(file: Path) -> None:
    file.mkdir()
    (file / "inside").touch()


def _beside(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.with_name(file.name + "-wal").mkdir()


def _foreign_log(file: Path, content: bytes) -> None:
    other = file.with_name("other")
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE a (b)")
    connection.executemany("INSERT INTO a VALUES (?)", [("x" * 500,)] * 100)
    connection.commit()
    log = other.with_name("other-wal").read_bytes()
    connection.close()
    other.unlink()
    file.write_bytes(content)
    file.with_name(file.name + "-wal").write_bytes(log)


_DEEP = b"\x91" * 100_000 + b"\x00"  # msgpack: a list in a list in …
_VALUES: dict[str, object] = {
    "text": "text",
    "a number": 7,
    "a huge number": 2**63 - 1,
    "infinity": float("inf"),
    "bytes that are no text": b"\xff\xfe",
    "nothing": b"",
    "nested": _DEEP,
    "a huge list": b"\xdd\xff\xff\xff\xff",
    "a huge map": b"\xdf\xff\xff\xff\xff",
    "another shape": msgspec.msgpack.encode({"a": [1, None, {"b": 2}]}),
    "a number of msgpack": msgspec.msgpack.encode(2**64 - 1),
}


def column_damages(content: bytes) -> Iterator[tuple[str, Damage]]:
    """Every kind of value in every column, as if another program had written it."""
    for table, columns in (
        ("entry", ("value", "key", "kind")),
        ("bucket", ("good", "total", "start", "level", "slo")),
    ):
        for column in columns:
            for name, value in _VALUES.items():
                damage = partial(_write, content=content, table=table, column=column, value=value)
                yield f"{name} in {table}.{column}", damage


def _write(file: Path, content: bytes, table: str, column: str, value: object) -> None:
    file.write_bytes(content)
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE IF EXISTS entry_sum")  # as an earlier version left it
    connection.execute("DROP TRIGGER IF EXISTS entry_written")
    connection.execute("DROP TRIGGER IF EXISTS entry_removed")
    connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", (value,))
    connection.commit()
    connection.close()


def value_damages(content: bytes, number: int, seed: int) -> Iterator[tuple[str, Damage]]:
    """Sound msgpack with a number or a list changed, in a file without checksums."""
    chance = random.Random(seed)
    for _ in range(number):
        yield "a value changed", partial(_change, content=content, seed=chance.random())


def _change(file: Path, content: bytes, seed: float) -> None:
    chance = random.Random(seed)
    file.write_bytes(content)
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE IF EXISTS entry_sum")
    for name in ("entry_written", "entry_removed"):
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    rows = connection.execute("SELECT kind, key, value FROM entry").fetchall()
    kind, key, value = chance.choice(rows)
    changed = _changed(msgspec.msgpack.decode(value, strict=False), chance)
    connection.execute(
        "UPDATE entry SET value = ? WHERE kind = ? AND key = ?",
        (msgspec.msgpack.encode(changed), kind, key),
    )
    connection.commit()
    connection.close()


_ODD: tuple[object, ...] = (
    *(None, "x", -1, 0, 1, 2**62, -(2**62), 2**64 - 1, 1e300, float("nan"), float("inf")),
    *([], {}, [1], True, b"\xff"),
)


def _changed(value: object, chance: random.Random) -> object:
    """The value with one thing in it changed, somewhere."""
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        if chance.random() < 0.15:
            return [*value[:place], *value[place + 1 :]]
        return [*value[:place], _changed(value[place], chance), *value[place + 1 :]]
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value, key=str))
        return {**value, name: _changed(value[name], chance)}
    return chance.choice(_ODD)


def clean(folder: Path) -> Path:
    """An empty folder for the next damage; where its state file belongs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder / FILE_NAME


def faults(
    folder: Path, damages: Iterable[tuple[str, Damage]], deadline: float | None = None
) -> tuple[int, list[str]]:
    """How many damages were tried, and what went wrong with which."""
    wrong, number = [], 0
    for name, damage in damages:
        if deadline is not None and time.monotonic() > deadline:
            break
        file = clean(folder)
        damage(file)
        number += 1
        try:
            fault = faults_of(folder)
        except Exception as error:  # noqa: BLE001  whatever it raises is the finding
            fault = f"{type(error).__name__}: {error}"
        if fault:
            wrong.append(f"{name}: {fault}")
    return number, wrong
