"""Windows and their labels."""

import pytest

from obs.slo.windows import DAY, window, windows

FIXED = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]


@pytest.mark.parametrize(
    ("seconds", "label"),
    [(300, "5m"), (5400, "1h30m"), (2_592_000.0, "30d"), (604_800, "7d"), (90_061, "1d1h1m1s")],
)
def test_a_window_is_labelled_as_durations_are_written(seconds: float, label: str) -> None:
    assert window(seconds) == (label, seconds)


@pytest.mark.parametrize("seconds", [0, 0.4, -60])
def test_a_window_without_length_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="has no length"):
        window(seconds)


@pytest.mark.parametrize(("days", "label"), [(7, "7d"), (30, "30d"), (90, "90d")])
def test_the_period_comes_after_the_burn_windows(days: float, label: str) -> None:
    assert [each.label for each in windows(days * DAY)] == [*FIXED, label]


@pytest.mark.parametrize("days", [1, 3, 3.0])
def test_a_period_that_is_a_burn_window_appears_once(days: float) -> None:
    assert [each.label for each in windows(days * DAY)] == FIXED


def test_a_period_between_the_burn_windows_stands_in_order() -> None:
    assert [each.label for each in windows(2 * DAY)] == [*FIXED[:-1], "2d", "3d"]
