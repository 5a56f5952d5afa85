"""All broken systems, and the table of what obs says of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.broken_systems.aws import mistyped
from tests.broken_systems.nats import clustered, edited, restarted
from tests.broken_systems.watching import Outcome

GROUPS: tuple[Callable[[Path], Iterator[Outcome]], ...] = (clustered, edited, restarted, mistyped)
_SHOWN = 4
_LONG = 160


def all_outcomes(folder: Path) -> list[Outcome]:
    """The groups at the same time; each has servers of its own."""
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        found = pool.map(lambda group: list(group(folder / group.__name__)), GROUPS)
        return [outcome for outcomes in found for outcome in outcomes]


def table(outcomes: Iterable[Outcome]) -> str:
    """Markdown."""
    lines = [
        "| system | headline | /readyz | log | metrics | new alerts (minute) | earlier | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, outcomes)])


def _line(outcome: Outcome) -> str:
    held = [alert for alert in outcome.held if alert not in outcome.resolved]
    cells = (
        outcome.name,
        f"{outcome.level}: {outcome.headline}",
        f"{outcome.ready[0]} {outcome.ready[1]}",
        _some(outcome.log),
        _some(outcome.metrics),
        _some([f"{alert} ({minute})" for alert, minute in outcome.new.items()]),
        f"{len(held)} hold, {len(outcome.resolved)} resolve" if outcome.held else "–",
        _some(outcome.wrong),
    )
    return f"| {' | '.join(cell.replace('|', '¦').replace(chr(10), '<br>') for cell in cells)} |"


def _some(texts: Sequence[str]) -> str:
    """The first few of them."""
    shown = [text if len(text) <= _LONG else f"{text[:_LONG]}…" for text in texts[:_SHOWN]]
    if len(texts) > _SHOWN:
        shown.append(f"and {len(texts) - _SHOWN} more")
    return "<br>".join(shown) or "–"
