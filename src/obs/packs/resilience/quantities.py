"""What alerts compare and panels draw of circuit breakers, retries, limits and dead letters."""

from typing import Final

from obs.alerts.quantities import (
    Either,
    Growth,
    Percent,
    PercentBeside,
    PercentOfLimit,
    Rate,
    Sum,
    Value,
    equals,
    matching,
)
from obs.packs.resilience import metrics

_HOUR: Final = 3600.0
_OFTEN: Final = 900.0
_NOT_CLOSED: Final = (matching("state", "open|half_open|forced_open", "open"),)
_OPEN: Final = (matching("state", "open|forced_open", "open"),)
_HALF_OPEN: Final = (equals("state", "half_open"),)

NOT_CLOSED: Final = Either(
    (Value(metrics.STATE, where=_NOT_CLOSED), Value(metrics.JAVA_STATE, where=_NOT_CLOSED))
)
OPEN: Final = Either((Value(metrics.STATE, where=_OPEN), Value(metrics.JAVA_STATE, where=_OPEN)))
HALF_OPEN: Final = Either(
    (Value(metrics.STATE, where=_HALF_OPEN), Value(metrics.JAVA_STATE, where=_HALF_OPEN))
)
OPENED: Final = Either(
    (
        Growth(metrics.TRANSITIONS, _OFTEN, (equals("to", "open"),)),
        Growth(metrics.NODE_EVENTS, _OFTEN, (equals("event", "open"),)),
    )
)
_REJECTED: Final = (equals("outcome", "rejected"),)
REJECTED: Final = Either(
    (
        Percent(Rate(metrics.CALLS, where=_REJECTED), Rate(metrics.CALLS)),
        PercentBeside(Rate(metrics.JAVA_REJECTED), Rate(metrics.JAVA_CALLS)),
        Percent(
            Rate(metrics.NODE_EVENTS, where=(equals("event", "reject"),)),
            Rate(metrics.NODE_EVENTS, where=(equals("event", "fire"),)),
        ),
    )
)
FAILED: Final = Either(
    (
        PercentBeside(
            Rate(metrics.CALLS, where=(equals("outcome", "failure"),)),
            Rate(metrics.CALLS, where=(equals("outcome", "success"),)),
        ),
        Percent(
            Rate(metrics.JAVA_CALLS, where=(equals("kind", "failed"),)), Rate(metrics.JAVA_CALLS)
        ),
        PercentBeside(
            Rate(metrics.NODE_EVENTS, where=(equals("event", "failure"),)),
            Rate(metrics.NODE_EVENTS, where=(equals("event", "success"),)),
        ),
    )
)
CALLED: Final = Either(
    (
        Growth(metrics.CALLS),
        Sum(Growth(metrics.JAVA_CALLS), Growth(metrics.JAVA_REJECTED)),
        Growth(metrics.NODE_EVENTS, where=(equals("event", "fire"),)),
    )
)
FALLBACKS: Final = Either(
    (
        Rate(metrics.FALLBACKS),
        Rate(metrics.NODE_EVENTS, where=(equals("event", "fallback"),)),
    )
)

RETRIED: Final = Either(
    (
        Percent(
            Rate(
                metrics.RETRIED_CALLS, where=(matching("outcome", "retried|exhausted", "retried"),)
            ),
            Rate(metrics.RETRIED_CALLS),
        ),
        Percent(
            Rate(
                metrics.JAVA_RETRIES,
                where=(matching("kind", ".*_with_retry", "successful_with_retry"),),
            ),
            Rate(metrics.JAVA_RETRIES),
        ),
    )
)
EXHAUSTED: Final = Either(
    (
        Percent(
            Rate(metrics.RETRIED_CALLS, where=(equals("outcome", "exhausted"),)),
            Rate(metrics.RETRIED_CALLS),
        ),
        Percent(
            Rate(metrics.JAVA_RETRIES, where=(equals("kind", "failed_with_retry"),)),
            Rate(metrics.JAVA_RETRIES),
        ),
    )
)
TRIED: Final = Either((Growth(metrics.RETRIED_CALLS), Growth(metrics.JAVA_RETRIES)))
ATTEMPTS: Final = Rate(metrics.ATTEMPTS)

LIMITED: Final = Percent(
    Rate(metrics.LIMITED, where=(equals("outcome", "limited"),)), Rate(metrics.LIMITED)
)
ASKED: Final = Growth(metrics.LIMITED)
WAITING: Final = Value(metrics.JAVA_WAITING)

DEAD_LETTERS: Final = Either(
    (
        Value(metrics.DEAD_LETTERS),
        Value(metrics.NODE_JOBS, where=(equals("state", "failed"),)),
    )
)
FULL: Final = PercentOfLimit(Value(metrics.DEAD_LETTERS), Value(metrics.CAPACITY))
OLDEST: Final = Value(metrics.OLDEST)
ADDED: Final = Growth(metrics.ADDED, _HOUR)
REPROCESSED: Final = Growth(metrics.REPROCESSED, _HOUR)
