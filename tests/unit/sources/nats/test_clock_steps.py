import pytest

from obs.sources.nats.clock_steps import ClockSteps


def test_a_clock_that_runs_on_was_not_set() -> None:
    clock = ClockSteps()
    for poll in range(100):
        clock.observe(1_000 + 15.01 * poll, 5 + 15.0 * poll)  # it is a little fast
    assert clock.forward == 0


@pytest.mark.parametrize("step", [3_600.0, -3_600.0, 5.0])
def test_how_far_it_was_set_is_known_from_the_steady_one(step: float) -> None:
    clock = ClockSteps()
    clock.observe(1_000.0, 5.0)
    clock.observe(1_015.0 + step, 20.0)
    clock.observe(1_030.0 + step, 35.0)
    assert clock.forward == pytest.approx(step)


def test_a_long_pause_is_no_step() -> None:
    clock = ClockSteps()
    clock.observe(1_000.0, 5.0)
    clock.observe(90_000.0, 89_005.0)
    assert clock.forward == 0


def test_without_a_steady_clock_nothing_is_known() -> None:
    clock = ClockSteps()
    clock.observe(1_000.0, 5.0)
    clock.observe(9_000.0, None)
    assert clock.forward == 0
