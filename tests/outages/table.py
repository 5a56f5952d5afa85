"""Every outage, run, and a Markdown table of what each cost."""

from collections.abc import Iterator
from pathlib import Path

from tests.drill_modules import listed
from tests.outages import drills
from tests.outages.outage import Outage, Recovery, faults

_HEAD = "| what fails | meanwhile | lost | recovered after (limit) | verdict |"


def all_outages() -> tuple[Outage, ...]:
    """The outages of every module, in the order of the modules' names."""
    return listed(drills)


def row(outage: Outage, recovery: Recovery) -> str:
    """One line of the table."""
    verdict = "; ".join(faults(outage, recovery)) or "right"
    cells = (
        outage.name,
        recovery.meanwhile,
        recovery.lost or "nothing",
        f"{recovery.seconds:.1f} s ({outage.within:g} s)",
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def rows(chosen: tuple[Outage, ...], folder: Path) -> Iterator[tuple[str, bool]]:
    """Each line of the table as its drill ends, and whether it is right."""
    yield f"{_HEAD}\n|{'---|' * 5}", True
    for number, outage in enumerate(chosen):
        if missing := outage.missing():
            yield f"| {outage.name} | | | | not run: {missing} |", True
            continue
        own = folder / str(number)
        own.mkdir()
        try:
            recovery = outage.run(own)
        except Exception as error:  # noqa: BLE001  the table goes on with what is left
            yield f"| {outage.name} | | | | failed: {_line(error)} |", False
        else:
            yield row(outage, recovery), not faults(outage, recovery)


def _line(error: Exception) -> str:
    said = str(error).strip() or type(error).__name__
    return said.splitlines()[0].replace("|", "¦")
