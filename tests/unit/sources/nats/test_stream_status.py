"""What the status page says of a stream."""

from typing import Any

import pytest

from tests.integration.statuses import stream

FULL = "WORK is full: it refuses new messages"


@pytest.mark.parametrize(
    ("messages", "size", "limits", "is_full"),
    [
        (10, 1_000, {"max_messages": 10}, True),
        (9, 900, {"max_messages": 10}, False),
        (10, 1_000, {"max_bytes": 1_050}, True),  # one more of the usual size does not fit
        (10, 1_000, {"max_bytes": 1_100}, False),
        (0, 0, {"max_messages": 10, "max_bytes": 100}, False),
        (10, 1_000, {}, False),
    ],
)
def test_a_stream_that_refuses_messages_at_its_limit_is_a_problem_once_it_is_full(
    messages: int, size: int, limits: dict[str, Any], is_full: bool
) -> None:
    problem = stream("WORK", messages, size, discard_new=True, **limits).problem()
    assert (problem.text if problem else None) == (FULL if is_full else None)
    assert stream("WORK", messages, size, **limits).problem() is None
