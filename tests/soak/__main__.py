"""Let a collector live for a day in compressed time, and tell what grew, as a Markdown table.

Run as `python -m tests.soak [--hours 24] [--reload-every 10] [--trace] [--out build/soak.svg]`; in
half a minute with `--hours 4 --poll-every 5 --look-every 5 --most 40`.
Exit status 1 where something is not flat over the last three quarters.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.soak.chart import svg
from tests.soak.measured import Verdict, judged
from tests.soak.soak import Lived, Plan, soak

_MEMORY: Final = "/dev/shm"
"""Where the state is: a disk would take longer for a day's 90 000 saves than everything else."""


def main(arguments: list[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="of compressed time (24)")
    parser.add_argument("--poll-every", type=float, default=1.0, help="minutes (1)")
    parser.add_argument("--reload-every", type=float, default=10.0, help="minutes (10)")
    parser.add_argument("--look-every", type=float, default=10.0, help="minutes (10)")
    parser.add_argument("--trace", action="store_true", help="tell where memory is allocated")
    parser.add_argument("--most", type=int, default=0, help="kept of what is kept by number")
    parser.add_argument("--out", type=Path, default=Path("build") / "soak.svg", help="the chart")
    chosen = parser.parse_args(arguments)
    plan = Plan(
        *(chosen.hours, chosen.poll_every, chosen.reload_every, chosen.look_every),
        chosen.trace,
        chosen.most,
    )
    logging.disable(logging.CRITICAL)  # what the neighbours' faults are worth is tested elsewhere
    memory = _MEMORY if Path(_MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="obs-soak-", dir=memory) as folder:
        lived = soak(plan, Path(folder), _progress)
    verdicts = judged(lived.samples)
    print("\n".join(_table(plan, lived, verdicts)))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    title = f"A collector over {plan.hours:g} h, {lived.counts['reloads']} reloads"
    chosen.out.write_text(svg(lived.samples, verdicts, title), encoding="utf-8")
    print(f"\nchart: {chosen.out}")
    return int(not all(verdict.flat for verdict in verdicts))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text} ", end="", file=sys.stderr, flush=True)


def _table(plan: Plan, lived: Lived, verdicts: list[Verdict]) -> list[str]:
    counts = ", ".join(f"{number} {what}" for what, number in sorted(lived.counts.items()))
    lines = [
        f"{plan.hours:g} h in {lived.real_seconds:.0f} s: {counts}",
        "",
        "| quantity | after the first quarter | at the end | limit | highest | verdict |",
        f"|{'---|' * 6}",
    ]
    for each in verdicts:
        cells = [f"{value:,.4g}" for value in (each.begin, each.end, each.limit, each.highest)]
        name = f"{each.quantity.name} {each.quantity.unit}".strip()
        lines.append(f"| {name} | {' | '.join(cells)} | {'flat' if each.flat else 'GROWS'} |")
    if lived.grown:
        lines += ["", "Allocated since the first quarter:", *(f"- {each}" for each in lived.grown)]
    elif not all(each.flat for each in verdicts):
        lines += ["", "Run it with --trace to see where the memory is allocated."]
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
