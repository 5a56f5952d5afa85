"""Whether a moment is within quiet hours."""

from datetime import UTC, datetime
from typing import Any

import pytest

from obs.spec.notify import QuietHours

NIGHT = {"from": "20:00", "until": "07:00"}
LUNCH = {"from": "12:00", "until": "13:00"}


@pytest.mark.parametrize(
    ("hours", "day_of_may_2026", "clock", "within"),
    [  # the first of May is a Friday
        (NIGHT, 1, "20:00", True),
        (NIGHT, 1, "06:59", True),
        (NIGHT, 1, "07:00", False),
        ({**NIGHT, "days": ["friday"]}, 2, "06:00", True),
        ({**NIGHT, "days": ["friday"]}, 1, "06:00", False),
        ({**NIGHT, "days": ["sunday"]}, 4, "06:00", True),
        (LUNCH, 1, "12:59", True),
        (LUNCH, 1, "13:00", False),
        ({**LUNCH, "days": ["monday"]}, 1, "12:30", False),
        ({"days": ["saturday"]}, 2, "23:59", True),
        ({"days": ["saturday"]}, 3, "00:00", False),
        ({**LUNCH, "timezone": "Europe/Berlin"}, 1, "10:30", True),
    ],
)
def test_a_moment_is_within_them_by_day_and_time_of_their_zone(
    hours: dict[str, Any], day_of_may_2026: int, clock: str, within: bool
) -> None:
    hour, minute = map(int, clock.split(":"))
    at = datetime(2026, 5, day_of_may_2026, hour, minute, tzinfo=UTC).timestamp()
    assert QuietHours.model_validate(hours).cover(at) == within
