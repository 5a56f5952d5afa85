"""Run the randomised truth test for as long as wanted, and print what it found.

Run as `python -m tests.truth --seconds 300 --seed 1`; with `--source DIR` it measures the package
in another folder, with `--server PATH` another nats-server. A reading is one scrape that told
something new.
"""

import argparse
import sys

from tests.truth.run import WAYS, Plan, Result, run
from tests.truth.score import Row, table


def main() -> int:
    """Exit status 1 where the truth was outside of what was told."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run (default 60)")
    parser.add_argument("--seed", type=int, action="append", help="one run each (default 1)")
    parser.add_argument(
        "--server", help="nats-server to run (default: $NATS_SERVER, or the installed one)"
    )
    parser.add_argument("--source", help="folder of the package to measure (default: this one)")
    parser.add_argument("--way", choices=WAYS, action="append", help="default: both")
    parser.add_argument("--on", action="append", help="servers: one, ahead, steps, cluster")
    parser.add_argument("--stream", action="append", help="streams by name (default: all)")
    parser.add_argument("--quiet", action="store_true", help="without faults of servers")
    parser.add_argument("--misses", type=int, default=0, help="misses to print for each consumer")
    given = parser.parse_args()
    whole: dict[str, dict[str, Row]] = {}
    for seed in given.seed or [1]:
        plan = Plan(
            seconds=given.seconds,
            seed=seed,
            ways=tuple(given.way or WAYS),
            servers=tuple(given.on or Plan.servers),
            streams=tuple(given.stream or ()),
            binary=given.server,
            source=given.source,
            quiet=given.quiet,
        )
        result = run(plan)
        _tell(seed, result, given.misses)
        for way, rows in result.rows.items():
            for row in rows:
                whole.setdefault(way, {}).setdefault(row.name, Row(row.name)).add(row)
    for way, named in whole.items():
        print(f"\n{way}\n\n{table(named.values())}")
    return int(any(row.misses for named in whole.values() for row in named.values()))


def _tell(seed: int, result: Result, misses: int) -> None:
    print(f"seed {seed}: {'; '.join(result.events)}", flush=True)
    if result.surprises:
        print(f"delivered after they were settled: {', '.join(result.surprises)}")
    for way, rows in result.rows.items():
        for row in rows:
            for miss in sorted(row.misses, key=lambda miss: -miss.beyond)[:misses]:
                print(f"  {way}, {row.name}: {miss}")
            for miscount in row.miscounts[:misses]:
                print(f"  {way}, {row.name}: {miscount}")


if __name__ == "__main__":
    sys.exit(main())
