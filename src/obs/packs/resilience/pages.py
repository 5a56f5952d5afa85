"""The page of circuit breakers, retries, rate limits and dead letters."""

from typing import Final

from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.packs.resilience import metrics, quantities
from obs.packs.resilience.metrics import NAMED, QUEUE

_JAVA: Final = "Only resilience4j tells this"

PAGE: Final = PackPage(
    "resilience",
    "Resilience",
    "Which dependencies fail, and what becomes of the calls?",
    [("name", metrics.STATE), ("queue", metrics.DEAD_LETTERS)],
    NAMED,
    [
        Stat(
            "open_now",
            "Breakers not closed",
            quantities.NOT_CLOSED,
            "Circuit breakers that are open or half open.",
            above=0,
        ),
        Stat(
            "rejected_now",
            "Calls rejected",
            quantities.REJECTED,
            "Share of calls that the worst breaker rejects.",
        ),
        Stat(
            "exhausted_now",
            "Retries exhausted",
            quantities.EXHAUSTED,
            "Share of calls that fail after the last attempt, where it is worst.",
        ),
        Stat(
            "limited_now",
            "Requests limited",
            quantities.LIMITED,
            "Share of requests that the strictest rate limiter rejects.",
        ),
        Stat(
            "dead_letters_now",
            "Dead letters",
            quantities.DEAD_LETTERS,
            "Messages in all dead-letter queues.",
            total="sum",
        ),
    ],
    [
        Row(
            "Circuit breakers",
            [
                Lines("open", "Breakers that are not closed"),
                Lines(
                    "states",
                    "State",
                    [Line(quantities.OPEN, "open"), Line(quantities.HALF_OPEN, "half open")],
                    "1 while the breaker is open or half open; both are 0 while it is closed.",
                ),
                Lines("opened", "Opened in the last 15 minutes"),
                Lines("failed", "Calls that fail"),
                Lines("rejected", "Calls that are rejected"),
                Lines(
                    "fallbacks",
                    "Fallbacks used",
                    [Line(quantities.FALLBACKS)],
                    "Calls a second that were answered by a fallback.",
                    none="No breaker tells of its fallbacks",
                ),
            ],
        ),
        Row(
            "Retries and rate limits",
            [
                Lines("retried", "Calls that are retried"),
                Lines("exhausted", "Calls that fail after the last attempt"),
                Lines(
                    "attempts",
                    "Attempts after the first",
                    [Line(quantities.ATTEMPTS)],
                    none="Only the convention of obs tells this",
                ),
                Lines("limited", "Requests that are limited"),
                Lines(
                    "waiting",
                    "Waiting for a rate limiter",
                    [Line(quantities.WAITING)],
                    none=_JAVA,
                ),
            ],
        ),
        Row(
            "Dead letters",
            [
                Lines("dead_letters", "Messages in the queue", by=QUEUE),
                Lines("full", "Share of its capacity", by=QUEUE),
                Lines("oldest", "Age of the oldest", by=QUEUE),
                Lines(
                    "added_and_reprocessed",
                    "Added and reprocessed in the last hour",
                    [
                        Line(quantities.ADDED, "added"),
                        Line(quantities.REPROCESSED, "reprocessed"),
                    ],
                    "Messages that were added to the queue, and taken out to be tried again.",
                    by=QUEUE,
                ),
            ],
        ),
    ],
    beside=(metrics.JAVA_STATE, metrics.NODE_EVENTS, metrics.RETRIED_CALLS, metrics.NODE_JOBS),
)
