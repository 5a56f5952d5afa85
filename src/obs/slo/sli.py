"""Which events of an EventBridge rule were good. Pure; a minute is named by its start."""

from collections.abc import Mapping

Minutes = Mapping[int, float]  # start of the minute in Unix seconds → sum


def invocation_counts(
    invocations: float, failed: float, dead_lettered: float, dead_letter_failures: float
) -> tuple[float, float]:
    """(good, total) events of one minute.

    Bad is max(failed, dead-lettered + failed to be dead-lettered) and not their sum: AWS does not
    say whether an event that went to the dead-letter queue counts as a failed invocation too.
    Total is at least bad, because a failure may be reported in a later minute than its invocation.
    """
    bad = max(failed, dead_lettered + dead_letter_failures)
    return max(0.0, invocations - bad), max(invocations, bad)


def invocation_minutes(
    invocations: Minutes, failed: Minutes, dead_lettered: Minutes, dead_letter_failures: Minutes
) -> dict[int, tuple[float, float]]:
    """(good, total) by minute, for every minute in which anything happened."""
    everything = (invocations, failed, dead_lettered, dead_letter_failures)
    minutes = sorted(set().union(*everything))
    return {
        minute: invocation_counts(*(one.get(minute, 0.0) for one in everything))
        for minute in minutes
    }
