import pytest

from obs.sources.aws.sqs import oldest_age

SETTLED = 6000.0


@pytest.mark.parametrize(
    ("visible", "in_flight", "points", "age"),
    [
        (0, 0, {}, 0.0),
        (0, 0, {5940: 30.0}, 0.0),  # emptied since
        (0, 2, {}, 0.0),
        (0, 2, {5940: 30.0}, 30.0),
        (3, 0, {}, None),
        (3, 0, {5880: 10.0, 5940: 30.0, 5820: 99.0}, 30.0),
        (3, 0, {6060: 90.0}, 90.0),  # newer than settled: an age is not a sum
        (3, 0, {5700: 5.0}, 5.0),
        (3, 0, {5640: 5.0}, None),  # from an earlier stay of messages
    ],
)
def test_the_age_is_the_newest_recent_point_zero_when_empty_and_else_unknown(
    visible: int, in_flight: int, points: dict[int, float], age: float | None
) -> None:
    assert oldest_age(visible, in_flight, points, SETTLED) == age
