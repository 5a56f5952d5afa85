import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from obs.sandbox.process import Process, ProcessFailed, free_ports


def python(code: str, folder: Path) -> Process:
    return Process([sys.executable, "-c", code], folder / "log")


def gone(pid: int, timeout: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    process = python("print('hello', flush=True); import time; time.sleep(60)", tmp_path)
    process.start()
    try:
        process.wait_until(lambda: "hello" in process.tail())
        assert process.alive
    finally:
        process.stop()
    assert not process.alive


def test_waiting_for_a_process_that_ends_at_once_tells_its_last_words(tmp_path: Path) -> None:
    process = python("raise SystemExit('bad configuration')", tmp_path)
    process.start()
    with pytest.raises(ProcessFailed, match="bad configuration"):
        process.wait_until(lambda: False)


def test_waiting_ends_after_its_time(tmp_path: Path) -> None:
    process = python("import time; time.sleep(60)", tmp_path)
    process.start()
    try:
        with pytest.raises(ProcessFailed, match=r"not ready in 0\.1 s"):
            process.wait_until(lambda: False, timeout=0.1)
    finally:
        process.kill()


def test_a_file_that_cannot_be_executed_is_told(tmp_path: Path) -> None:
    process = Process([str(tmp_path / "missing")], tmp_path / "log")
    process.start()
    with pytest.raises(ProcessFailed, match="missing"):
        process.wait_until(lambda: False)


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN);"
        "print('on', flush=True); time.sleep(60)"
    )
    process = python(code, tmp_path)
    process.start()
    process.wait_until(lambda: "on" in process.tail())
    process.stop(grace=0.1)
    assert not process.alive


def test_stopping_twice_or_before_the_start_does_nothing(tmp_path: Path) -> None:
    process = python("", tmp_path)
    process.stop()
    process.start()
    process.stop()
    process.stop()
    assert not process.alive


def test_it_starts_again_after_a_crash(tmp_path: Path) -> None:
    process = python("import time; time.sleep(60)", tmp_path)
    process.start()
    first = process.pid
    process.kill()
    process.start()
    try:
        assert process.alive
        assert process.pid != first
    finally:
        process.kill()


def test_it_lives_on_when_the_thread_that_started_it_ends(tmp_path: Path) -> None:
    process = python("import time; time.sleep(60)", tmp_path)
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()
    try:
        time.sleep(0.1)
        assert process.alive
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from obs.sandbox.process import Process
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
child = Process(sleep, Path({str(tmp_path)!r}, "log"))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_free_ports_differ_and_can_be_bound_on_every_host() -> None:
    hosts = ("127.0.0.1", "127.0.0.2")
    ports = free_ports(4, hosts)
    assert len(set(ports)) == 4
    for port in ports:
        for host in hosts:
            with socket.create_server((host, port)):
                pass
