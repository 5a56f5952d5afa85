"""What a drill is, what it may cost, and what it did cost."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What a drill may cost at most."""

    memory_mb: float  # resident memory at its peak, above that of an idle collector or command
    seconds: float  # from the attack until what is asked is answered (what, the drill says)
    log_lines: int  # written during the attack


@dataclass(frozen=True)
class Outcome:
    """What a drill cost. `wrong` says what went wrong beside it; empty where nothing did."""

    memory_mb: float
    seconds: float
    log_lines: int
    others: str  # what the other sources, scrapers or users saw meanwhile
    wrong: str = ""


@dataclass(frozen=True)
class Drill:
    """One thing that a neighbour does, with real processes in a folder of its own."""

    name: str  # what the neighbour does: "a monitoring port drips its headers"
    limits: Limits
    run: Callable[[Path], Outcome]
    short: bool = True  # part of the test suite


def faults(drill: Drill, outcome: Outcome) -> list[str]:
    """What is beyond its limit, in words."""
    costs = (
        ("memory", outcome.memory_mb, drill.limits.memory_mb, "MB"),
        ("time", outcome.seconds, drill.limits.seconds, "s"),
        ("log", outcome.log_lines, drill.limits.log_lines, "lines"),
    )
    beyond = [
        f"{what}: {cost:.4g} {unit} (limit {limit:g})"
        for what, cost, limit, unit in costs
        if cost > limit
    ]
    return beyond + [outcome.wrong] * bool(outcome.wrong)
