"""What systemd is told, by a socket as systemd listens on one."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from obs.collector.service_manager import ServiceManager, ready, reloading


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def variables(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}


def test_it_is_told_in_its_own_words(systemd: socket.socket, tmp_path: Path) -> None:
    manager = ServiceManager(variables(tmp_path))
    manager.tell(ready("serving\nREADY=0"))
    manager.tell(reloading())
    assert systemd.recv(100) == b"READY=1\nSTATUS=serving READY=0"
    first, second, status = systemd.recv(100).decode().splitlines()
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()
    assert status == "STATUS=reading the spec again"


async def test_the_watchdog_hears_of_a_healthy_collector_only(
    systemd: socket.socket, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def is_healthy() -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    manager = ServiceManager(variables(tmp_path, WATCHDOG_USEC="20000"))
    watching = asyncio.create_task(manager.watch(is_healthy))
    while len(asked) < 5:
        await asyncio.sleep(0.01)
    watching.cancel()
    assert [systemd.recv(100), systemd.recv(100)] == [b"WATCHDOG=1"] * 2
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


@pytest.mark.parametrize(
    "settings",
    [{}, {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid() + 1)}, {"WATCHDOG_USEC": "x"}],
)
async def test_without_a_watchdog_of_its_own_nothing_is_watched(settings: dict[str, str]) -> None:
    await ServiceManager(settings).watch(lambda: True)


def test_a_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    ServiceManager(variables(tmp_path)).tell(ready("serving"))
    ServiceManager({}).tell(ready("serving"))
