"""Lag after a gap between polls, against the truth of a simulated JetStream."""

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import JetStream
from tests.unit.lag.polling import INTERVAL, TOLERANCE, polls

WITHIN = INTERVAL + TOLERANCE
few = settings(max_examples=50, deadline=None)
gaps = st.lists(st.floats(0.3, 4.0), min_size=1, max_size=7)
phases = st.floats(0.5, INTERVAL)
absences = st.tuples(st.floats(20, 120), st.floats(30, 100))


def arrivals(seconds: float, gaps: list[float]) -> list[tuple[float, bool]]:
    """Messages with these gaps over and over."""
    count = int(seconds / min(gaps)) + 1
    times = accumulate(gaps[i % len(gaps)] for i in range(count))
    return [(time, True) for time in times if time < seconds]


@few
@given(phases, absences, st.sampled_from([2, 3, 5]))
def test_what_was_given_up_meanwhile_is_no_longer_outstanding(
    phase: float, absence: tuple[float, float], max_deliver: int
) -> None:
    begin, length = absence
    js = JetStream(ConsumerConfig(max_deliver=max_deliver), arrivals(300, [1.0]), lambda *_: None)
    away = polls(js, 300, phase=phase, away=lambda time: begin < time < begin + length)
    assert max(poll.error_lately for poll in away) <= WITHIN


@few
@given(gaps, phases, absences, st.floats(0.5, 5), st.integers(2, 60))
def test_a_poison_message_given_up_meanwhile_leaves_no_lag(
    gaps: list[float], phase: float, absence: tuple[float, float], work: float, poison: int
) -> None:
    begin, length = absence
    js = JetStream(
        ConsumerConfig(max_deliver=3),
        arrivals(350, gaps),
        lambda seq, delivery: None if seq == poison else work,
    )
    back = begin + length
    given_up = js.publish[poison - 1][0] + 3 * 30
    for poll in polls(js, 350, phase=phase, away=lambda time: begin < time < back):
        if poll.at > max(given_up, back) + 2 * INTERVAL:
            assert poll.error_lately <= WITHIN, poll


@few
@given(
    gaps,
    phases,
    absences,
    st.sampled_from(
        [
            ConsumerConfig(max_deliver=-1),
            ConsumerConfig(max_deliver=1, max_ack_pending=30),
            ConsumerConfig(max_deliver=2, ack_wait=20),
            ConsumerConfig(max_deliver=4, backoff=(5, 10, 40), max_ack_pending=50),
        ]
    ),
    st.lists(st.one_of(st.none(), st.floats(0, 40)), min_size=1, max_size=12),
    st.tuples(st.floats(5, 100), st.floats(0, 100)),
)
def test_the_stated_uncertainty_holds_whoever_was_away(
    gaps: list[float],
    phase: float,
    absence: tuple[float, float],
    config: ConsumerConfig,
    fates: list[float | None],
    shifts: tuple[float, float],
) -> None:
    begin, length = absence
    there, gone = shifts
    js = JetStream(
        config,
        arrivals(350, gaps),
        lambda seq, delivery: fates[seq % len(fates)],
        lambda time: time % (there + gone) < there,
    )
    for poll in polls(js, 350, phase=phase, away=lambda time: begin < time < begin + length):
        allowed = pytest.approx(poll.truth, abs=poll.verdict.uncertainty + TOLERANCE)
        assert poll.verdict.lag_seconds == allowed, poll
