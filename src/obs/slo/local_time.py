"""Moments that a clock on the wall shows in a time zone."""

from datetime import datetime, tzinfo


def moment(local: datetime, zone: tzinfo, *, last: bool = False) -> int:
    """When clocks show `local` (without a zone), in Unix seconds.

    A time that clocks show twice is the first of both, or the `last`. A time that they skip is the
    moment at which they skip it.
    """
    first, second = (int(local.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if first <= second:
        return second if last else first
    return _skipped(local, second, first, zone)


def _skipped(local: datetime, low: int, high: int, zone: tzinfo) -> int:
    """The first moment, after `low` and up to `high`, at which clocks are past `local`."""
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) > local:
            high = middle
        else:
            low = middle
    return high
