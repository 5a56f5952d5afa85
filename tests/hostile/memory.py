"""Resident memory of a process, from procfs."""

import re
from pathlib import Path

_FIELD = r"^{}:\s+(\d+) kB$"


def resident_mb(pid: int) -> float:
    """What it holds now, in MB."""
    return _field(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most that it held since `forget_peak`, or since its start."""
    return _field(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Count the peak from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _field(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(_FIELD.format(name), status, re.MULTILINE)
    assert found is not None, f"process {pid} has no {name}"
    return int(found.group(1)) / 1024
