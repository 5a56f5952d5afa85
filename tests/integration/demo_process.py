"""A running `obs demo`, and what it started."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Status = dict[str, Any]


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def descendants(pid: int) -> dict[int, str]:
    """Process id → start time, of everything that a process started."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = child.read_text().split()
        except OSError:  # the process, or the thread, ended meanwhile
            continue
        for text in children:
            found[int(text)] = started(int(text)) or ""
            found |= descendants(int(text))
    return found


def started(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def alive(processes: dict[int, str]) -> list[int]:
    return [pid for pid, start in processes.items() if started(pid) == start]


class Demo:
    """A running `obs demo`."""

    def __init__(self, process: "subprocess.Popen[str]", output: Path) -> None:
        self.process = process
        self.output = output

    def said(self) -> str:
        return self.output.read_text()

    @property
    def url(self) -> str:
        return self.said().splitlines()[0].split()[2]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            body: bytes = answer.read()
        return body.decode()

    def status(self) -> Status:
        document: Status = json.loads(self.get("/api/v1/status"))
        return document

    def consumer(self, name: str) -> Status:
        return next(one for one in self.status()["consumers"] if one["consumer"] == name)


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    """The demo once it has introduced itself; its temporary files go to folder/tmp."""
    (folder / "tmp").mkdir()
    output = folder / "output"
    # Neither an AWS account nor a proxy of the user may matter.
    environment = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:1"}
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "obs", "demo", "--port", "0", *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment, "TMPDIR": str(folder / "tmp")},
            text=True,
        )
    demo = Demo(process, output)
    try:
        wait_for(
            lambda: "Ctrl-C" in demo.said() or process.poll() is not None, 60, "a working page"
        )
        assert process.poll() is None, demo.said()
        yield demo
    finally:
        process.kill()
        process.wait()
