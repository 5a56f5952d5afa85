"""Maintenance windows of SLOs, once and every week, and the moment at which an SLO begins."""

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, model_validator

from obs.spec.clocks import CLOCK_PATTERN, DAYS, Day, Zone
from obs.spec.model import Matching, Model, wrong

_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = re.compile(CLOCK_PATTERN)

LocalMoment = Annotated[
    str,
    Matching(
        rf"^{_DATE}([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?)?$",
        "a date, or a date and a time, for example 2026-12-01T09:00",
    ),
]
"""A date, which is its midnight, or a date and a time; without a time zone."""

ClockOrMoment = Annotated[
    str,
    Matching(
        rf"({CLOCK_PATTERN})|(^{_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?$)",
        'a time of day in quotes, for example "22:00", or a date and a time, for example '
        "2026-12-24T22:00",
    ),
]
"""A time of day, or a date and a time; without a time zone."""


def local_moment(text: str) -> datetime:
    """The moment, without a time zone. Raises ValueError for a day that no month has."""
    return datetime.fromisoformat(text)


class MaintenanceWindow(Model):
    """Time in which events count neither as good nor as bad: every week, or once."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] | None = None
    """Days on which it begins; for one that recurs (default: every day)."""
    begin: ClockOrMoment = Field(alias="from")
    """Time of day at which it begins, or date and time of one that happens once."""
    until: ClockOrMoment
    """When it ends, in the same form; a time of day is on the next day if it is not later than
    `from`."""
    timezone: Zone | None = None
    """Time zone of the times (default: that of the SLO, else UTC)."""

    @property
    def recurs(self) -> bool:
        """Whether it comes again every week."""
        return bool(_CLOCK.search(self.begin))

    @property
    def weekdays(self) -> frozenset[int]:
        """The days on which it begins; 0 is Monday."""
        return frozenset(DAYS.index(day) for day in self.days or DAYS)

    @model_validator(mode="after")
    def _is_some_time(self) -> "MaintenanceWindow":
        if self.recurs != bool(_CLOCK.search(self.until)):
            raise wrong("write two times of day, or two dates with a time", "until")
        if self.recurs:
            if self.weekdays == frozenset(range(7)) and self.begin == self.until:
                raise wrong("covers all hours of all days; write days, or other times", "until")
            return self
        if self.days is not None:
            raise wrong("from has a date, so it happens once; leave days out", "days")
        begin, until = (check_moment(self.begin, "from"), check_moment(self.until, "until"))
        if until <= begin:
            raise wrong(f"{self.until} is not later than {self.begin}", "until")
        return self


def check_moment(text: str, field: str) -> datetime:
    """The moment. Raises an error from `wrong` about this field if there is no such day."""
    try:
        return local_moment(text)
    except ValueError:
        raise wrong(f"{text} is not a date of the calendar", field) from None
