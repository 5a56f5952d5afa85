"""Alerts on circuit breakers, retries, rate limits and dead-letter queues."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.resilience import quantities
from obs.packs.resilience.metrics import NAMED, QUEUE

_NAMED: Final = About("name", NAMED)
_QUEUE: Final = About("queue", QUEUE)
_KEPT: Final = 30 * MINUTE
_CALLS: Final = Traffic(quantities.CALLED, 20)
_TRIED: Final = Traffic(quantities.TRIED, 20)

ALERTS: Final = (
    Alert(
        "CircuitBreakerOpen",
        Severity.WARNING,
        _NAMED,
        Beyond(quantities.NOT_CLOSED, ">", 0, NAMED),
        2 * MINUTE,
        "A circuit breaker does not close.",
        "Circuit breaker {name} has been open or half open for {hold}.",
        "An open breaker tries its dependency again after a short wait. One that is still not "
        "closed after two minutes has a dependency that is down. CircuitBreakerRejectsCalls pages "
        "if that costs calls.",
        "resilience/open",
        _KEPT,
    ),
    Alert(
        "CircuitBreakerFlaps",
        Severity.WARNING,
        _NAMED,
        Beyond(quantities.OPENED, ">", 3, NAMED),
        0,
        "A circuit breaker opens again and again.",
        "Circuit breaker {name} opened {value} times in {window} (threshold {threshold}).",
        "A breaker that opens so often either guards a dependency that half works, or has limits "
        "that are too strict.",
        "resilience/opened",
        _KEPT,
    ),
    Alert(
        "CircuitBreakerRejectsCalls",
        Severity.CRITICAL,
        _NAMED,
        Beyond(quantities.REJECTED, ">", 20, NAMED, given=_CALLS),
        5 * MINUTE,
        "A circuit breaker rejects calls.",
        "Circuit breaker {name} rejects {value} of its calls (threshold {threshold}).",
        "Rejected calls fail at once, or are answered by the fallback: users notice.",
        "resilience/rejected",
        _KEPT,
    ),
    Alert(
        "CircuitBreakerFailureRateHigh",
        Severity.WARNING,
        _NAMED,
        Beyond(quantities.FAILED, ">", 20, NAMED, given=_CALLS),
        5 * MINUTE,
        "Calls through a circuit breaker fail.",
        "{value} of the calls that circuit breaker {name} lets pass fail (threshold {threshold}).",
        "Most breakers open at 50 % failures. A fifth leaves time to act before that.",
        "resilience/failed",
        _KEPT,
    ),
    Alert(
        "RetriesExhausted",
        Severity.CRITICAL,
        _NAMED,
        Beyond(quantities.EXHAUSTED, ">", 5, NAMED, given=_TRIED),
        5 * MINUTE,
        "Calls fail although they were retried.",
        "{value} of the calls of {name} fail after the last attempt (threshold {threshold}).",
        "Retries hide short faults. What still fails after the last attempt is lost, or becomes a "
        "dead letter.",
        "resilience/exhausted",
        _KEPT,
    ),
    Alert(
        "RetriesFrequent",
        Severity.WARNING,
        _NAMED,
        Beyond(quantities.RETRIED, ">", 20, NAMED, given=_TRIED),
        10 * MINUTE,
        "Many calls need more than one attempt.",
        "{value} of the calls of {name} are retried (threshold {threshold}).",
        "Retries add load to a dependency that already fails, and time to each call.",
        "resilience/retried",
        _KEPT,
    ),
    Alert(
        "RateLimitRejectsRequests",
        Severity.WARNING,
        _NAMED,
        Beyond(quantities.LIMITED, ">", 10, NAMED, given=Traffic(quantities.ASKED, 20)),
        10 * MINUTE,
        "A rate limiter rejects many requests.",
        "Rate limiter {name} rejects {value} of the requests (threshold {threshold}).",
        "A limit that rejects a tenth of all requests for ten minutes is too low, or a client "
        "sends far more than it should.",
        "resilience/limited",
        _KEPT,
    ),
    Alert(
        "DeadLettersPileUp",
        Severity.WARNING,
        _QUEUE,
        Beyond(quantities.DEAD_LETTERS, ">", 100, QUEUE),
        10 * MINUTE,
        "Dead letters pile up.",
        "Dead-letter queue {queue} holds {value} messages (threshold {threshold}).",
        "A few dead letters are single bad messages. A hundred have one cause, which makes more.",
        "resilience/dead_letters",
        _KEPT,
    ),
    Alert(
        "DeadLetterQueueFull",
        Severity.CRITICAL,
        _QUEUE,
        Beyond(quantities.FULL, ">", 80, QUEUE),
        5 * MINUTE,
        "A dead-letter queue is almost full.",
        "Dead-letter queue {queue} is {value} full (threshold {threshold}).",
        "A full dead-letter queue drops messages, or blocks what feeds it.",
        "resilience/full",
        _KEPT,
    ),
    Alert(
        "DeadLetterOld",
        Severity.WARNING,
        _QUEUE,
        Beyond(quantities.OLDEST, ">", 24 * HOUR, QUEUE),
        5 * MINUTE,
        "Nobody has reprocessed a dead letter for a day.",
        "The oldest message of dead-letter queue {queue} is {value} old (threshold {threshold}).",
        "A dead letter is work that a user waits for. After a day nobody is looking at it.",
        "resilience/oldest",
        _KEPT,
    ),
)
