"""Lag against the truth, while consumers, servers and clocks do whatever they like."""

from collections.abc import Iterator

import pytest

from tests.truth.run import WAYS, Plan, Result, run
from tests.truth.score import table

pytestmark = pytest.mark.integration

SECONDS = 30.0
SEED = 1
COVERED = 0.998
"""Share of the readings; on a busy machine an advisory, or a follower's answer, is a poll late."""
COUNTED_RIGHT = 0.99
"""Share of the readings; for a moment after a restart or a new leader, servers count wrongly."""
TOLD_AT_LEAST = 0.9
"""Share of the readings in which a consumer that exists has a lag in seconds."""


@pytest.fixture(scope="module")
def result() -> Iterator[Result]:
    found = run(Plan(seconds=SECONDS, seed=SEED))
    yield found
    for way, log in found.logs.items():
        print(f"{way}:\n{log}")  # noqa: T201  shown with a test that fails


@pytest.mark.parametrize("way", WAYS)
def test_the_true_lag_lies_within_the_value_and_its_uncertainty(result: Result, way: str) -> None:
    rows = result.rows[way]
    print(f"{'; '.join(result.events)}\n\n{way}\n\n{table(rows)}")  # noqa: T201
    print([f"{row.name}: {row.worst}" for row in rows if row.misses])  # noqa: T201
    covered = sum(row.covered for row in rows)
    assert covered / sum(row.readings for row in rows) > COVERED


@pytest.mark.parametrize("way", WAYS)
def test_the_messages_outstanding_are_counted_right(result: Result, way: str) -> None:
    rows = result.rows[way]
    print([f"{row.name}: {row.miscounts[0]}" for row in rows if row.miscounts])  # noqa: T201
    right = sum(row.messages_right for row in rows)
    assert right / sum(row.messages for row in rows) > COUNTED_RIGHT


@pytest.mark.parametrize("way", WAYS)
def test_nearly_every_reading_tells_the_lag_of_a_consumer_that_exists(
    result: Result, way: str
) -> None:
    readings = sum(row.readings for row in result.rows[way])
    silent = sum(row.not_told for row in result.rows[way])
    assert readings / (readings + silent) > TOLD_AT_LEAST
