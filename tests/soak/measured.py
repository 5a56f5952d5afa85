"""What a process holds, and whether that stayed the same."""

import gc
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from obs.state import FILE_NAME
from tests.hostile.memory import resident_mb

_SETTLED: Final = 4
"""A quarter of the samples is for what fills up at first; the other three are judged."""


@dataclass(frozen=True)
class Quantity:
    """Something that must not grow: by `share` of itself and `more`, whichever is more."""

    name: str
    unit: str
    share: float
    more: float


MEMORY: Final = Quantity("memory", "MB", 0.05, 8.0)  # resident memory rises and falls by some
QUANTITIES: Final = (
    MEMORY,
    Quantity("objects", "thousand", 0.03, 8.0),  # blocks of Python's own memory
    Quantity("descriptors", "", 0.0, 3),
    Quantity("threads", "", 0.0, 3),
    Quantity("state", "kB", 0.10, 200),
)


@dataclass(frozen=True)
class Sample:
    """One look: the seconds since the start, and a value for each quantity."""

    at: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """Of one quantity: its level after the first quarter and at the end, and what is allowed."""

    quantity: Quantity
    begin: float
    end: float
    highest: float

    @property
    def limit(self) -> float:
        """The highest level at the end that counts as flat."""
        return self.begin + max(self.quantity.share * self.begin, self.quantity.more)

    @property
    def flat(self) -> bool:
        """Whether it has not grown."""
        return self.end <= self.limit


def looked_at(at: float, state_folder: Path) -> Sample:
    """What this process holds now, its garbage aside."""
    gc.collect()
    values = (
        resident_mb(os.getpid()),
        sys.getallocatedblocks() / 1000,
        float(len(os.listdir("/proc/self/fd"))),  # noqa: PTH208  names only
        float(threading.active_count()),
        _state_bytes(state_folder) / 1000,
    )
    return Sample(at, values)


def _state_bytes(folder: Path) -> float:
    """What the state file takes. Its log of writes fills to 4 MB, and is emptied at a reload: in a
    copy, because the collector holds the file, it becomes part of the file."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as copy:
        for file in folder.glob(f"{FILE_NAME}*"):
            shutil.copyfile(file, Path(copy) / file.name)
        with closing(sqlite3.connect(Path(copy) / FILE_NAME)) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
    return float(pages * size)


def judged(samples: Sequence[Sample]) -> list[Verdict]:
    """The verdict on each quantity. Levels are medians of the second and of the last quarter, so
    that what rises and falls between two looks does not count.

    Raises ValueError for fewer than eight samples.
    """
    if len(samples) < 2 * _SETTLED:
        raise ValueError("too few samples to tell growth from chance")
    quarter = len(samples) // _SETTLED
    verdicts = []
    for number, quantity in enumerate(QUANTITIES):
        course = [sample.values[number] for sample in samples]
        begin, end = median(course[quarter : 2 * quarter]), median(course[-quarter:])
        verdicts.append(Verdict(quantity, begin, end, max(course)))
    return verdicts
