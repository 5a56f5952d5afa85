"""Every drill, run, and a Markdown table of what each cost."""

from collections.abc import Iterator
from pathlib import Path

from tests.drill_modules import listed
from tests.hostile import drills
from tests.hostile.drill import Drill, Outcome, faults

_HEAD = "| drill | memory MB (limit) | time s (limit) | log lines (limit) | meanwhile | verdict |"


def all_drills() -> tuple[Drill, ...]:
    """The drills of every module, in the order of the modules' names."""
    return listed(drills)


def row(drill: Drill, outcome: Outcome) -> str:
    """One line of the table."""
    costs = (
        (outcome.memory_mb, drill.limits.memory_mb),
        (outcome.seconds, drill.limits.seconds),
        (outcome.log_lines, drill.limits.log_lines),
    )
    cells = [f"{cost:.4g} ({limit:g})" for cost, limit in costs]
    verdict = "; ".join(faults(drill, outcome)) or "within limits"
    return f"| {' | '.join([drill.name, *cells, outcome.others, verdict])} |"


def rows(chosen: tuple[Drill, ...], folder: Path) -> Iterator[tuple[str, bool]]:
    """Each line of the table as its drill ends, and whether it is within its limits."""
    yield f"{_HEAD}\n|{'---|' * 6}", True
    for number, drill in enumerate(chosen):
        own = folder / str(number)
        own.mkdir()
        outcome = drill.run(own)
        yield row(drill, outcome), not faults(drill, outcome)
