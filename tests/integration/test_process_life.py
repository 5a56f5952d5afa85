"""How a running collector ends, what does not end it, and a log that nobody reads."""

import os
import signal
from pathlib import Path

import pytest

from obs.state import FILE_NAME
from tests.hostile.state_process import collecting
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration


def test_a_hangup_reads_the_spec_others_are_ignored_and_termination_saves(tmp_path: Path) -> None:
    with collecting(tmp_path) as running:
        running.child.send_signal(signal.SIGHUP)
        running.wait_for(b"the spec was read again and is in force")
        for signum in (signal.SIGUSR1, signal.SIGUSR2):
            running.child.send_signal(signum)
            running.wait_for(f"{signum.name} is ignored".encode())
        assert running.child.poll() is None
        assert "obs_source_up" in running.scrape()
        assert running.ended(signal.SIGTERM, 10)[0] == 0
        running.drain()
        assert b"SIGTERM: saving the state and ending" in running.read
    assert (tmp_path / "state" / FILE_NAME).exists()
    assert not (tmp_path / "state" / f"{FILE_NAME}-wal").exists()  # closed, not cut off


def test_a_log_whose_reader_is_gone_changes_nothing_but_a_counter(tmp_path: Path) -> None:
    with collecting(tmp_path) as running:
        running.wait_for(b"source n failed")  # the last line that is due: only one is dropped
        reader = running.reader
        running.reader = os.open(os.devnull, os.O_RDONLY)  # closed at the end
        os.close(reader)
        running.close_writer()
        running.child.send_signal(signal.SIGUSR1)
        eventually(lambda: "obs_log_lines_dropped_total 1" in _own(running.scrape()))
        assert running.ended(signal.SIGINT, 10)[0] == 0


def _own(text: str) -> str:
    """Without the labels that all samples have."""
    return text.replace('{environment="production",system="oms"}', "").replace(".0\n", "\n")
