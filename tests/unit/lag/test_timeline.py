from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from obs.lag.timeline import MAX_KNOTS, Timeline

steps = st.lists(
    st.tuples(st.integers(0, 50), st.floats(1, 20), st.floats(0, 1)), min_size=2, max_size=80
)


def learn(steps: list[tuple[int, float, float]], tolerance: float) -> tuple[Timeline, list[float]]:
    """A curve, and when each count happened: all of a step's at a share of its duration."""
    curve, now, happened = Timeline(), 0.0, [0.0]
    curve.observe(0, 0.0, 0.0, tolerance)
    for count, seconds, share in steps:
        time = now + share * seconds
        happened += [time] * count
        now += seconds
        curve.observe(len(happened) - 1, time, now, tolerance)
    return curve, happened


@given(steps, st.floats(0, 3))
def test_no_answer_is_further_off_than_it_says(
    steps: list[tuple[int, float, float]], tolerance: float
) -> None:
    curve, happened = learn(steps, tolerance)
    for count, truth in enumerate(happened):
        found = curve.lookup(count)
        assert found is not None
        assert abs(found[0] - truth) <= found[1] + tolerance + 1e-6


@given(steps, st.floats(0, 3))
def test_later_counts_never_have_earlier_times(
    steps: list[tuple[int, float, float]], tolerance: float
) -> None:
    curve, happened = learn(steps, tolerance)
    found = [curve.lookup(count) for count in range(len(happened) + 2)]
    times = [moment[0] for moment in found if moment]
    assert len(times) == len(found)
    assert [pair for pair in pairwise(times) if not pair[1] >= pair[0] - 1e-9] == []


@given(steps, st.floats(0, 3))
def test_a_saved_curve_answers_and_learns_as_before(
    steps: list[tuple[int, float, float]], tolerance: float
) -> None:
    curve, happened = learn(steps, tolerance)
    again = Timeline(curve.to_state())
    assert [again.lookup(n) for n in range(-1, len(happened) + 2)] == [
        curve.lookup(n) for n in range(-1, len(happened) + 2)
    ]


@given(steps, st.floats(1, 10_000))
def test_ages_stay_when_the_clock_is_put_back(
    steps: list[tuple[int, float, float]], back: float
) -> None:
    curve, _ = learn(steps, 1.0)
    before = curve.lookup(1)
    assert before is not None
    age = curve.until - before[0]
    curve.observe(curve.last or 0, curve.until - back, curve.until - back, 1.0)
    after = curve.lookup(1)
    assert after is not None
    assert abs(curve.until - after[0] - age) < 1e-6


def test_steady_arrivals_take_no_room() -> None:
    curve = Timeline()
    for poll in range(1_000):
        curve.observe(100 * poll, 15.0 * poll, 15.0 * poll, 2.0)
    assert len(curve) == 2


def test_a_quiet_stretch_is_a_step() -> None:
    curve = Timeline()
    for poll in range(20):
        curve.observe(min(poll, 5) if poll < 15 else poll, 15.0 * poll, 15.0 * poll, 2.0)
    assert curve.lookup(5) == (75.0, 0.0)
    assert curve.lookup(6) == (210.0 + 1.5, 13.5)


def test_missed_polls_do_not_blur_what_came_before_them() -> None:
    curve = Timeline()
    for now in (0, 15, 30, 45, 60, 660, 675, 690):
        curve.observe(10 * now, now, now, 2.0)
    blurred = curve.lookup(3_000)
    sharp = curve.lookup(315)
    assert blurred is not None
    assert blurred[1] >= 300
    assert sharp is not None
    assert sharp[1] <= 15


def test_what_comes_after_the_last_observation_has_its_time() -> None:
    curve = Timeline()
    curve.observe(7, 3.0, 10.0, 1.0)
    assert curve.lookup(8) == (10.0, 0.0)
    assert curve.lookup(6) is None


def test_a_curve_is_thinned_and_stays_right() -> None:
    curve, tolerance, truth = Timeline(), 0.0, {}
    for poll in range(4 * MAX_KNOTS):
        count = poll * poll
        truth[count] = 15.0 * poll
        curve.observe(count, 15.0 * poll, 15.0 * poll, tolerance)
        curve.thin()
    assert len(curve) <= MAX_KNOTS
    for count, time in truth.items():
        found = curve.lookup(count)
        assert found is not None
        assert abs(found[0] - time) <= found[1] + 1e-6


def test_forgetting_does_not_change_later_lookups() -> None:
    curve = Timeline()
    for poll in range(20):
        curve.observe(poll * poll, 15.0 * poll, 15.0 * poll, 0.0)
    expected = [curve.lookup(count) for count in range(100, 361)]
    curve.forget_below(100)
    assert len(curve) < 15
    assert [curve.lookup(count) for count in range(100, 361)] == expected
    curve.forget_before(15.0 * 15)
    assert curve.first == 14 * 14
