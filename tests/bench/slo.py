"""What SLOs cost in time and memory; prints figures, asserts nothing.

Run as `python -m tests.bench.slo`.
"""

import gc
import time
import tracemalloc

from obs.slo.evaluate import evaluate
from obs.slo.ledger import Ledger
from obs.slo.windows import DAY, MINUTE

SLOS = 1_000
PERIOD = 30 * DAY
NOW = 1_800_000_000 // MINUTE * MINUTE
ROUNDS = 5
LEDGER = [tracemalloc.Filter(True, "*/obs/slo/*")]


def main() -> None:
    """Print milliseconds for evaluating and for feeding all SLOs, and the memory of a ledger."""
    history = {NOW - PERIOD + at: (99.0, 100.0) for at in range(0, PERIOD, 900)}
    tracemalloc.start()
    ledger = _filled(history)
    gc.collect()  # empties the interpreter's own caches too
    memory = tracemalloc.take_snapshot().filter_traces(LEDGER)
    tracemalloc.stop()
    kilobytes = sum(trace.size for trace in memory.traces) / 1000
    print(f"memory of a 30-day ledger: {kilobytes:.1f} kB")
    del ledger

    started = time.perf_counter()
    ledgers = [Ledger(PERIOD) for _ in range(SLOS)]
    for ledger in ledgers[:20]:
        ledger.backfill(900, history)
    print(f"backfilling 30 days: {(time.perf_counter() - started) / 20 * 1e3:.1f} ms an SLO")

    evaluating, feeding = [], []
    for round_number in range(ROUNDS):
        minute = NOW + round_number * MINUTE
        started = time.perf_counter()
        for ledger in ledgers:
            ledger.set(minute, 999.0, 1000.0)
        fed = time.perf_counter()
        for ledger in ledgers:
            evaluate(ledger, 0.999, PERIOD, minute + MINUTE)
        evaluating.append(time.perf_counter() - fed)
        feeding.append(fed - started)
    print(f"setting a minute in {SLOS} SLOs: {min(feeding) * 1e3:.1f} ms")
    print(
        f"evaluating {SLOS} SLOs over 8 windows: {min(evaluating) * 1e3:.1f} ms best, "
        f"{max(evaluating) * 1e3:.1f} ms worst of {ROUNDS}"
    )


def _filled(history: dict[int, tuple[float, float]]) -> Ledger:
    ledger = Ledger(PERIOD)
    ledger.backfill(900, history)
    ledger.changed()
    return ledger


if __name__ == "__main__":
    main()
