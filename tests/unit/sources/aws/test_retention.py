import pytest

from obs.sources.aws.retention import retention

DAY = 86_400


@pytest.mark.parametrize(
    ("period", "days"), [(60, 15), (240, 15), (300, 63), (900, 63), (3600, 455), (86_400, 455)]
)
def test_the_shorter_the_period_the_sooner_aws_forgets_its_points(period: int, days: int) -> None:
    assert retention(period) == days * DAY
