"""Lag in seconds against the truth of a simulated JetStream."""

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import TICK, JetStream, Work
from tests.unit.lag.polling import INTERVAL, TOLERANCE, polls

WITHIN = INTERVAL + TOLERANCE
LIMITED = ConsumerConfig(max_deliver=3, max_ack_pending=1_000)
FILTERED = ConsumerConfig(max_deliver=3, max_ack_pending=1_000, filters=("orders.new",))
LOOSE = 1.5 * INTERVAL
EXACT = 2 * TICK
few = settings(max_examples=25, deadline=None)


def arrivals(
    seconds: float, gaps: list[float], every: int = 1, first: int = 0
) -> list[tuple[float, bool]]:
    """Messages with these gaps over and over; every so-manieth matches the filter."""
    count = int(seconds / min(gaps)) + 1
    times = accumulate(gaps[i % len(gaps)] for i in range(count))
    return [(time, i % every == first % every) for i, time in enumerate(times) if time < seconds]


def acks_after(seconds: float, but: tuple[int, ...] = ()) -> Work:
    return lambda seq, delivery: None if seq in but else seconds


gaps = st.lists(st.floats(0.3, 4.0), min_size=1, max_size=7)
phases = st.floats(0.5, INTERVAL)
processing = st.floats(0.0, 5.0)


@few
@given(gaps, phases, processing, st.floats(60, 200), st.booleans())
def test_a_consumer_that_stops(
    gaps: list[float], phase: float, work: float, stop: float, restart: bool
) -> None:
    js = JetStream(LIMITED, arrivals(400, gaps), acks_after(work), lambda time: time < stop)
    seen = list(polls(js, 400, phase=phase, restart=lambda time: restart))
    assert max(poll.error for poll in seen) <= WITHIN
    assert seen[-1].truth > 150


@few
@given(gaps, phases, st.floats(40, 100), st.floats(120, 200), st.booleans())
def test_a_consumer_that_lags_and_recovers(
    gaps: list[float], phase: float, stop: float, resume: float, restart: bool
) -> None:
    js = JetStream(
        LIMITED,
        arrivals(400, gaps),
        acks_after(0.5),
        lambda time: not stop < time < resume,
        concurrency=10,
    )
    seen = list(polls(js, 400, phase=phase, restart=lambda time: restart))
    assert max(poll.error for poll in seen) <= WITHIN
    assert max(poll.truth for poll in seen) > 5
    assert seen[-1].verdict.lag_seconds <= WITHIN


@few
@given(gaps, phases, st.sampled_from([-1, 1, 2, 3, 5]), st.sampled_from([20, 1_000]))
def test_a_consumer_that_never_acknowledges(
    gaps: list[float], phase: float, max_deliver: int, max_ack_pending: int
) -> None:
    config = ConsumerConfig(max_deliver=max_deliver, max_ack_pending=max_ack_pending)
    js = JetStream(config, arrivals(400, gaps), lambda seq, delivery: None)
    seen = list(polls(js, 400, phase=phase))
    assert max(poll.error_lately for poll in seen) <= WITHIN
    assert max(poll.truth for poll in seen) > 20


@few
@given(gaps, phases, st.floats(0.5, 5), st.integers(2, 40), st.booleans())
def test_one_poison_message_under_steady_traffic(
    gaps: list[float], phase: float, work: float, poison: int, restart: bool
) -> None:
    js = JetStream(LIMITED, arrivals(500, gaps), acks_after(work, but=(poison,)))
    seen = list(polls(js, 500, phase=phase, restart=lambda time: restart))
    assert max(poll.truth for poll in seen) > 60
    assert max(poll.error_lately for poll in seen) <= WITHIN
    given_up = js.publish[poison - 1][0] + 3 * 30
    after = [poll for poll in seen if poll.at > given_up + 2 * INTERVAL]
    assert max(poll.error for poll in after) <= WITHIN


@few
@given(gaps, phases, st.lists(st.integers(2, 300), max_size=4, unique=True), st.booleans())
def test_the_stated_uncertainty_holds_with_several_poison_messages(
    gaps: list[float], phase: float, poisons: list[int], restart: bool
) -> None:
    js = JetStream(LIMITED, arrivals(500, gaps), acks_after(1.5, but=tuple(poisons)))
    for poll in polls(js, 500, phase=phase, restart=lambda time: restart):
        assert poll.error <= poll.verdict.uncertainty + TOLERANCE, poll


@few
@given(
    gaps,
    phases,
    st.integers(2, 9),
    st.floats(0.0, 5.0),
    st.floats(60, 200),
    st.lists(st.integers(1, 60), max_size=2),
    st.booleans(),
)
def test_a_filtered_consumer_within_the_stated_uncertainty(
    gaps: list[float],
    phase: float,
    every: int,
    work: float,
    stop: float,
    poisons: list[int],
    restart: bool,
) -> None:
    bad = tuple(1 + every * poison for poison in poisons)
    js = JetStream(
        FILTERED,
        arrivals(450, gaps, every),
        acks_after(work, but=bad),
        lambda time: not stop < time < stop + 120,
        concurrency=5,
    )
    for poll in polls(js, 450, phase=phase, restart=lambda time: restart):
        assert poll.error <= poll.verdict.uncertainty + TOLERANCE, poll


@few
@given(gaps, phases, st.integers(2, 9), st.floats(60, 200))
def test_a_filtered_consumer_that_stops_is_within_one_poll_interval(
    gaps: list[float], phase: float, every: int, stop: float
) -> None:
    js = JetStream(FILTERED, arrivals(450, gaps, every), acks_after(0.2), lambda time: time < stop)
    seen = list(polls(js, 450, phase=phase))
    assert max(poll.error for poll in seen) <= WITHIN


@few
@given(
    gaps,
    phases,
    st.sampled_from(
        [
            ConsumerConfig(max_deliver=-1),
            ConsumerConfig(max_deliver=1, max_ack_pending=30),
            ConsumerConfig(max_deliver=2, ack_wait=20),
            ConsumerConfig(max_deliver=4, backoff=(5, 10, 40), max_ack_pending=50),
            ConsumerConfig(max_deliver=3, filters=("a",)),
            ConsumerConfig(max_deliver=1, filters=("a",)),
            ConsumerConfig(max_deliver=-1, filters=("a",), push=True),
        ]
    ),
    st.lists(
        st.one_of(st.none(), st.tuples(st.integers(1, 3), st.floats(0, 40), st.booleans())),
        min_size=1,
        max_size=12,
    ),
    st.tuples(st.floats(5, 100), st.floats(0, 100)),
    st.booleans(),
    st.sampled_from([None, LOOSE, 0.0]),
    st.sampled_from([0.0, 250.0]),
)
def test_whatever_happens_the_truth_is_within_the_stated_uncertainty(
    gaps: list[float],
    phase: float,
    config: ConsumerConfig,
    fates: list[tuple[int, float, bool] | None],
    shifts: tuple[float, float],
    restart: bool,
    query_beyond: float | None,
    seen_from: float,
) -> None:
    def work(seq: int, delivery: int) -> float | None:
        fate = fates[seq % len(fates)]
        if fate is None:
            return None
        successful, seconds, refuses = fate
        if delivery >= successful:
            return seconds
        return -0.5 if refuses else None

    there, away = shifts
    js = JetStream(
        config,
        arrivals(400, gaps, 3 if config.filters else 1),
        work,
        lambda time: time % (there + away) < there,
    )
    phase += seen_from
    for poll in polls(
        js, 400, phase=phase, restart=lambda time: restart, query_beyond=query_beyond
    ):
        assert poll.error <= poll.verdict.uncertainty + TOLERANCE, poll


@few
@given(gaps, phases, st.integers(2, 30), st.floats(60, 200), st.booleans())
def test_a_filtered_consumer_that_stops_is_exact_where_the_server_is_queried(
    gaps: list[float], phase: float, every: int, stop: float, restart: bool
) -> None:
    js = JetStream(FILTERED, arrivals(450, gaps, every), acks_after(0.0), lambda time: time < stop)
    for poll in polls(js, 450, phase=phase, restart=lambda time: restart, query_beyond=0.0):
        assert poll.error <= EXACT, poll
        assert poll.verdict.uncertainty == 0.0


@pytest.mark.parametrize("config", [LIMITED, FILTERED])
@pytest.mark.parametrize("acknowledges", [True, False])
def test_what_is_older_than_the_history_is_exact_only_where_the_server_is_queried(
    config: ConsumerConfig, acknowledges: bool
) -> None:
    first = [(10 + n / 100, n % 4 == 0 or not config.filters) for n in range(200)]
    bursts = [*first, *((900 + n / 100, True) for n in range(100))]

    def seen(query_beyond: float | None) -> list[float]:
        work = acks_after(0.0) if acknowledges else lambda seq, delivery: None
        js = JetStream(config, bursts, work, lambda time: time < 10.6)
        return [poll.error for poll in polls(js, 1_000, phase=950.0, query_beyond=query_beyond)]

    assert min(seen(None)) > 100 or not acknowledges
    assert max(seen(LOOSE)) <= EXACT


def test_a_rare_match_in_a_busy_stream_is_not_as_old_as_the_stream_around_it() -> None:
    every = 600  # one match in five minutes
    js = JetStream(FILTERED, arrivals(1_500, [0.5], every), acks_after(10.0))
    seen = list(polls(js, 1_500))
    assert max(poll.error for poll in seen) <= WITHIN


@pytest.mark.parametrize("step", [-3_600.0, -20.0, -10.0, 3_600.0])
def test_a_clock_that_is_set_spoils_nothing(step: float) -> None:
    js = JetStream(LIMITED, arrivals(500, [0.7]), acks_after(1.0), lambda time: time < 100)
    seen = list(polls(js, 500, clock=lambda time: time + (step if time > 200 else 0.0)))
    assert [poll for poll in seen if not poll.verdict.lag_seconds >= 0] == []
    if step < 0:
        assert max(poll.error for poll in seen) <= WITHIN + INTERVAL


def test_eviction_of_outstanding_messages_bounds_the_lag() -> None:
    js = JetStream(
        LIMITED, arrivals(600, [1.0]), acks_after(1.0), lambda time: time < 60, max_age=200.0
    )
    seen = list(polls(js, 600))
    assert max(poll.error for poll in seen) <= WITHIN
    last = seen[-1].verdict
    assert last.eviction_seconds is not None
    assert last.eviction_seconds <= 2.0


def test_a_filter_leaves_open_how_old_is_what_came_before_the_consumer_was_seen() -> None:
    others = [(1.0 + n, False) for n in range(300)]
    js = JetStream(FILTERED, [*others, (400.0, True)], acks_after(0.0), lambda time: False)
    for poll in polls(js, 500, phase=420.0):
        assert poll.truth < 100
        assert poll.error > 150  # it may be any of the messages of other subjects
        assert poll.error <= poll.verdict.uncertainty
