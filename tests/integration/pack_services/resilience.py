"""A service with a real circuit breaker (pybreaker) and real retries (tenacity), measured by
Prometheus' client, since neither library has metrics of its own; and its dead-letter queue."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pybreaker
import tenacity
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

STATES = ("closed", "open", "half_open")
CAPACITY = 200
"""Messages for which there is room in the dead-letter queue."""
_ATTEMPTS = 3


class DependencyError(Exception):
    """What the dependency answers while it is broken."""


class _Measured(pybreaker.CircuitBreakerListener):
    """Tells the metrics what the breaker does."""

    def __init__(self, state: Gauge, transitions: Counter) -> None:
        self._state, self._transitions = state, transitions

    def state_change(self, cb: pybreaker.CircuitBreaker, old: object, new: object) -> None:
        entered = _label(getattr(new, "name", ""))
        self._transitions.labels(cb.name, entered).inc()
        for state in STATES:
            self._state.labels(cb.name, state).set(state == entered)


def _label(state: str) -> str:
    return state.replace("-", "_")


class ResilientService:
    """Calls a dependency by `call`; its metrics are at host:port `target`."""

    def __init__(self, registry: CollectorRegistry, target: str, name: str, reset: float) -> None:
        self.target = target
        self.broken = False
        """Whether the dependency fails."""
        self._name = name
        self._dead: deque[float] = deque()
        named = ["name"]
        state = Gauge("circuit_breaker_state", "1: in it", [*named, "state"], registry=registry)
        transitions = Counter(
            "circuit_breaker_transitions", "Changes of state", [*named, "to"], registry=registry
        )
        self._calls = Counter(
            "circuit_breaker_calls", "By outcome", [*named, "outcome"], registry=registry
        )
        self._retried = Counter("retry_attempts", "Second tries and on", named, registry=registry)
        self._retries = Counter("retry_calls", "By outcome", [*named, "outcome"], registry=registry)
        self._limits = Counter(
            "rate_limit_requests", "By outcome", [*named, "outcome"], registry=registry
        )
        size = Gauge("dead_letter_queue_messages", "Waiting", ["queue"], registry=registry)
        room = Gauge(
            "dead_letter_queue_capacity_messages", "Most that fit", ["queue"], registry=registry
        )
        age = Gauge("dead_letter_queue_oldest_seconds", "Age", ["queue"], registry=registry)
        self._added = Counter("dead_letters", "Added", ["queue"], registry=registry)
        self._again = Counter(
            "dead_letters_reprocessed", "Tried again", ["queue"], registry=registry
        )
        self._queue = f"{name}-dlq"
        room.labels(self._queue).set(CAPACITY)
        size.labels(self._queue).set_function(lambda: len(self._dead))
        age.labels(self._queue).set_function(self._oldest)
        for to in STATES:
            transitions.labels(name, to)
            state.labels(name, to).set(to == "closed")
        for counter, outcomes in (
            (self._calls, ("success", "failure", "rejected")),
            (self._retries, ("first_try", "retried", "exhausted")),
            (self._limits, ("allowed", "limited")),
        ):
            for outcome in outcomes:
                counter.labels(name, outcome)
        for child in (self._retried.labels(name), self._added.labels(self._queue)):
            child.inc(0)
        self._again.labels(self._queue).inc(0)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=_ATTEMPTS,
            reset_timeout=reset,
            throw_new_error_on_trip=False,  # the call that opens it has failed, and is not rejected
            name=name,
            listeners=[_Measured(state, transitions)],
        )

    def call(self) -> bool:
        """One call with up to three attempts; a call that fails becomes a dead letter."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=tenacity.wait_none(),
            retry=tenacity.retry_if_exception_type(DependencyError),
            before_sleep=lambda _: self._retried.labels(self._name).inc(),
        )
        try:
            retrying(self._guarded)
        except (tenacity.RetryError, pybreaker.CircuitBreakerError):
            self._retries.labels(self._name, "exhausted").inc()
            self._dead.append(time.monotonic())
            self._added.labels(self._queue).inc()
            return False
        tries = retrying.statistics["attempt_number"]
        self._retries.labels(self._name, "first_try" if tries == 1 else "retried").inc()
        return True

    def limit(self, allowed: bool) -> None:
        """One request that the rate limiter let pass or refused."""
        self._limits.labels(self._name, "allowed" if allowed else "limited").inc()

    def reprocess(self) -> None:
        """Take every dead letter out of the queue."""
        while self._dead:
            self._dead.popleft()
            self._again.labels(self._queue).inc()

    def _guarded(self) -> None:
        outcome = "failure"
        try:
            self._breaker.call(self._depend)
            outcome = "success"
        except pybreaker.CircuitBreakerError:
            outcome = "rejected"
            raise
        finally:
            self._calls.labels(self._name, outcome).inc()

    def _depend(self) -> None:
        if self.broken:
            raise DependencyError

    def _oldest(self) -> float:
        return time.monotonic() - self._dead[0] if self._dead else 0.0


@contextmanager
def resilient_service(name: str = "payments", reset: float = 60.0) -> Iterator[ResilientService]:
    """A service whose breaker tries again `reset` seconds after it opened."""
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield ResilientService(registry, f"127.0.0.1:{server.server_port}", name, reset)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
