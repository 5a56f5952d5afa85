"""Good and total invocations of an EventBridge rule, from CloudWatch's sums."""

from collections.abc import Mapping

Minutes = Mapping[int, float]  # start of the minute in Unix seconds → sum


def invocation_counts(
    invocations: float, failed: float, dead_lettered: float, dead_letter_failures: float
) -> tuple[float, float]:
    """(good, total) invocations of one minute, from the sums of four CloudWatch metrics.

    Bad is max(failed, dead-lettered + failed to be dead-lettered) and not their sum: AWS does not
    say whether an event that went to the dead-letter queue counts as a failed invocation too
    (EventBridge user guide, "Monitoring": FailedInvocations, InvocationsSentToDlq). Total is at
    least bad, because a failure may be reported in a later minute than its invocation.
    """
    bad = max(failed, dead_lettered + dead_letter_failures)
    return max(0.0, invocations - bad), max(invocations, bad)


def invocation_minutes(
    invocations: Minutes, failed: Minutes, dead_lettered: Minutes, dead_letter_failures: Minutes
) -> dict[int, tuple[float, float]]:
    """(good, total) by the start of the minute, for every minute with a point."""
    everything = (invocations, failed, dead_lettered, dead_letter_failures)
    minutes = sorted(set().union(*everything))
    return {
        minute: invocation_counts(*(one.get(minute, 0.0) for one in everything))
        for minute in minutes
    }
