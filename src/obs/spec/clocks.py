"""Days, times of day and time zones as a spec writes them."""

from typing import Annotated, Final, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator

from obs.spec.model import Matching, wrong
from obs.spec.report import did_you_mean

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)

CLOCK_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
ClockTime = Annotated[str, Matching(CLOCK_PATTERN, 'a time of day in quotes, for example "19:00"')]


def check_zone(zone: str) -> str:
    """The time zone. Raises an error from `wrong` if there is none of that name."""
    zones = available_timezones()
    if zone in zones:
        return zone
    hint = did_you_mean(zone, zones) or "; write for example Europe/Berlin"
    raise wrong(f"{zone!r} is not a time zone{hint}")


Zone = Annotated[str, AfterValidator(check_zone)]
"""The name of a time zone."""
