"""Metrics of resilience: obs' convention for libraries without any, and those of other libraries.

docs/packs/resilience.md says which libraries have which.
"""

from typing import Final

from obs.catalogue.foreign import counter, gauge

NAMED: Final = ("name",)
QUEUE: Final = ("queue",)

# The convention, for Python and for whatever has no metrics of its own.
STATE = gauge(
    "circuit_breaker_state", ("name", "state"), "1 for the state that the circuit breaker is in."
)
TRANSITIONS = counter(
    "circuit_breaker_transitions_total", ("name", "to"), "How often it went to a state."
)
CALLS = counter(
    "circuit_breaker_calls_total",
    ("name", "outcome"),
    "Calls through the circuit breaker: success, failure, or rejected while it was open.",
)
FALLBACKS = counter(
    "circuit_breaker_fallbacks_total", NAMED, "Calls that were answered by a fallback."
)
ATTEMPTS = counter("retry_attempts_total", NAMED, "Attempts after the first of a call.")
RETRIED_CALLS = counter(
    "retry_calls_total",
    ("name", "outcome"),
    "Calls that are retried: first_try, retried, or exhausted after the last attempt.",
)
LIMITED = counter(
    "rate_limit_requests_total", ("name", "outcome"), "Requests that were allowed or limited."
)
DEAD_LETTERS = gauge("dead_letter_queue_messages", QUEUE, "Messages in the dead-letter queue.")
CAPACITY = gauge("dead_letter_queue_capacity_messages", QUEUE, "Most messages that fit into it.")
OLDEST = gauge("dead_letter_queue_oldest_seconds", QUEUE, "Age of its oldest message; 0 if empty.")
ADDED = counter("dead_letters_total", QUEUE, "Messages that were added to the dead-letter queue.")
REPROCESSED = counter(
    "dead_letters_reprocessed_total", QUEUE, "Messages that were taken out of it and tried again."
)

# Java: resilience4j with Micrometer.
JAVA_STATE = gauge(
    "resilience4j_circuitbreaker_state", ("name", "state"), "1 for the state that it is in."
)
JAVA_CALLS = counter(
    "resilience4j_circuitbreaker_calls_seconds_count", ("name", "kind"), "Calls that were let pass."
)
JAVA_REJECTED = counter(
    "resilience4j_circuitbreaker_not_permitted_calls_total", NAMED, "Calls refused while open."
)
JAVA_RETRIES = counter(
    "resilience4j_retry_calls_total", ("name", "kind"), "Calls by how the retries of each ended."
)
JAVA_WAITING = gauge(
    "resilience4j_ratelimiter_waiting_threads", NAMED, "Threads that wait for the rate limiter."
)

# Node: opossum with opossum-prometheus, and BullMQ.
NODE_EVENTS = counter("circuit", ("name", "event"), "Events of an opossum circuit breaker.")
NODE_JOBS = gauge("bullmq_job_count", ("queue", "state"), "Jobs of a BullMQ queue in a state.")
