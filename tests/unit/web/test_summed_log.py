import logging

import pytest

from obs.web.summed_log import SummedLog


class Hand:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_thousand_of_a_kind_are_two_lines_in_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Hand()
    summed = SummedLog(logging.getLogger("web"), clock)
    for tenth in range(1_000):
        clock.now = tenth / 20
        summed.count("sent nothing", f"10.0.0.{tenth % 200}")
        summed.flush()
    clock.now = 61.0
    summed.flush()
    assert [record.getMessage() for record in caplog.records] == [
        "web: a client at 10.0.0.0 sent nothing",
        "web: 999 more clients in 61 s, the last at 10.0.0.199: sent nothing",
    ]


def test_what_happens_again_after_a_quiet_minute_is_told_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Hand()
    summed = SummedLog(logging.getLogger("web"), clock)
    summed.count("sent nothing", "a")
    clock.now = 61.0
    summed.flush()
    summed.count("sent nothing", "b")
    assert len(caplog.records) == 2


def test_kinds_without_end_are_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    summed = SummedLog(logging.getLogger("web"), Hand())
    for number in range(1_000):
        summed.count(f"kind {number}", "a")
    assert len(caplog.records) == 50
