"""Whatever bytes arrive where foreign bytes are read, they give a value or the documented error."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.mutants import bombs, mutants
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.hostile.memory import forget_peak, peak_mb, resident_mb

SMALL = 50_000  # bytes; nothing that cannot do a thousand levels of nesting can do more
MOST_MB = 50
"""What a small body may cost at its peak."""


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_any_bytes_give_a_value_or_the_documented_error(target: Target) -> None:
    for seed in target.seeds:
        target(seed)

    @settings(
        max_examples=target.examples,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutants(target.seeds))
    def run(data: bytes) -> None:
        target(data)

    run()


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_small_body_never_costs_much_memory(target: Target) -> None:
    own = os.getpid()
    before = resident_mb(own)
    forget_peak(own)
    chosen = {seed[:1] for seed in target.seeds if seed[0] < 32} or {b""}
    for bomb in bombs(SMALL).values():
        for choice in sorted(chosen):
            target(choice + bomb)
    assert peak_mb(own) - before < MOST_MB


def test_every_target_has_seeds_that_are_read_and_a_name_of_its_own() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS)
    unread = [target.name for target in TARGETS if not any(map(read, [target] * 99, target.seeds))]
    assert unread == []


def read(target: Target, seed: bytes) -> bool:
    """Whether a seed gives a value."""
    try:
        target.call(seed)
    except target.errors:
        return False
    return True
