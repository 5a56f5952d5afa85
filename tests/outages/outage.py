"""What an outage is, what it may cost, and what it did cost."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recovery:
    """What an outage cost, compared with what really happened at the other side."""

    lost: str  # in words; empty where nothing was
    seconds: float  # from the end of the fault until everything the collector says is right again
    meanwhile: str  # what scrapers and users saw as long as it lasted


@dataclass(frozen=True)
class Outage:
    """One thing that fails, with real processes in a folder of its own."""

    name: str  # what fails: "NATS is down for a minute"
    within: float  # seconds: the longest recovery allowed
    run: Callable[[Path], Recovery]
    short: bool = False  # part of the test suite
    missing: Callable[[], str] = lambda: ""  # what this machine lacks to run it; empty if nothing


def faults(outage: Outage, recovery: Recovery) -> list[str]:
    """What is wrong with a recovery, in words."""
    late = f"recovered after {recovery.seconds:.1f} s (limit {outage.within:g} s)"
    return [f"lost: {recovery.lost}"] * bool(recovery.lost) + [late] * (
        recovery.seconds > outage.within
    )
