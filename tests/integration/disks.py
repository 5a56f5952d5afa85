"""Disks of a test's own (root): small ones to be filled, and folders that cannot be written."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def cannot_mount() -> str:
    """Why no disk can be mounted here; empty where one can."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    with TemporaryDirectory(prefix="obs-disk-") as folder:
        try:
            with small_disk(Path(folder) / "disk"):
                return ""
        except subprocess.CalledProcessError as error:
            return f"no disk can be mounted here: {error.stderr.decode().strip()}"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 1 MB at `folder`, which must not be there yet."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in the folder can be written, even by root, until the context ends."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def fill(disk: Path) -> Path:
    """Leave no room on it; the file that takes it all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
