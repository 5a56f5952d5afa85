"""What is told of streams as users describe them, against the truth, with fixed seeds.

`python -m tests.unit.lag.test_likeness` prints the shares of more seeds.
"""

import random
import sys

import pytest

from tests.unit.lag.likeness import KINDS, Told, told

SEEDS = 6
NEAR = {  # the least share of polls within one interval of the truth: by HTTP, with a connection
    "steady": (1.0, 1.0),
    "poison_nak": (0.7, 0.8),
    "poison_silent": (0.75, 0.75),
    "long_job": (0.98, 0.98),
    "delayed": (0.8, 0.85),
    "job_among_poison": (0.3, 0.4),  # which of them it is, nothing tells
    "key_value": (0.95, 0.99),
    "expiring": (0.95, 0.99),
    "deleted": (0.99, 0.99),
    "filtered": (0.5, 0.7),
    "filtered_keys": (0.5, 0.9),
}


def polls(kind: str, seeds: int, *, connected: bool) -> list[Told]:
    return [
        poll
        for seed in range(seeds)
        for poll in told(KINDS[kind](random.Random(seed)), connected=connected)
    ]


def near(seen: list[Told]) -> float:
    return sum(poll.near for poll in seen) / len(seen)


@pytest.mark.parametrize("connected", [False, True], ids=["http", "connected"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_within_what_is_stated_and_mostly_within_one_poll(
    kind: str, connected: bool
) -> None:
    seen = polls(kind, SEEDS, connected=connected)
    assert [poll for poll in seen if not poll.covered] == []
    assert near(seen) >= NEAR[kind][connected]


def test_the_estimate_is_as_often_too_low_as_too_high_and_not_the_bound() -> None:
    for kind in ("poison_nak", "poison_silent"):
        seen = [poll for poll in polls(kind, SEEDS, connected=True) if poll.uncertainty > 20]
        assert seen
        bound = sum(poll.lag_seconds + poll.uncertainty - poll.truth for poll in seen) / len(seen)
        bias = sum(poll.lag_seconds - poll.truth for poll in seen) / len(seen)
        assert abs(bias) < bound / 5


def main() -> None:
    """Print the share of polls within what is stated, and within one interval of the truth."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    for connected in (False, True):
        for kind in KINDS:
            seen = polls(kind, seeds, connected=connected)
            covered = sum(poll.covered for poll in seen) / len(seen)
            off = sum(poll.error for poll in seen) / len(seen)
            how = "connected" if connected else "http"
            print(f"{how:10}{kind:18}{covered:8.2%} covered {near(seen):8.1%} near {off:7.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
