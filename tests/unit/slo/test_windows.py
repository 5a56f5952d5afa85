"""Windows and their labels."""

import pytest

from obs.slo.windows import DAY, HOUR, MINUTE, window, windows

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


@pytest.mark.parametrize(("days", "label"), [(28, "28d"), (30, "30d"), (90, "90d")])
def test_the_period_comes_after_the_windows_of_the_tiers(days: float, label: str) -> None:
    assert [each.label for each in windows(days * DAY)] == [*FIXED, label]


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (1, "5m 10m 30m 1h 2h 6h 1d"),
        (3.0, "5m 10m 30m 1h 2h 6h 3d"),
        (7, "5m 10m 20m 1h 4h 6h 12h 3d 7d"),
        (14, "5m 10m 20m 30m 1h 2h 6h 8h 1d 3d 14d"),
    ],
)
def test_a_shorter_period_has_windows_of_its_own(days: float, labels: str) -> None:
    assert [each.label for each in windows(days * DAY)] == labels.split()


def test_no_window_is_longer_than_the_period_and_there_are_few() -> None:
    for hours in range(24, 90 * 24 + 1):
        found = windows(hours * HOUR)
        assert found[-1].seconds == hours * HOUR
        assert len(set(found)) == len(found) <= 11


def test_all_windows_but_the_period_are_multiples_of_five_minutes() -> None:
    """Of what recording rules count."""
    for hours in range(24, 90 * 24 + 1):
        assert [w for w in windows(hours * HOUR)[:-1] if w.seconds % (5 * MINUTE)] == []
