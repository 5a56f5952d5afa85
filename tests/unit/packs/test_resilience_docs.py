"""The Python of docs/packs/resilience.md makes the series that the pack reads."""

import re
from pathlib import Path
from typing import Any

import prometheus_client
import pybreaker
import pytest
import tenacity

from obs.packs.resilience import metrics

TEXT = (Path(__file__).parents[3] / "docs" / "packs" / "resilience.md").read_text()
BREAKER, RETRIES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> prometheus_client.CollectorRegistry:
    """One of the test's own, which new metrics go to."""
    made = prometheus_client.CollectorRegistry()
    for kind in ("Counter", "Gauge"):
        usual = getattr(prometheus_client, kind)
        monkeypatch.setattr(
            prometheus_client, kind, lambda *told, usual=usual: usual(*told, registry=made)
        )
    return made


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def fail() -> None:
    raise ConnectionRefusedError


def test_a_breaker_tells_its_state_and_what_became_of_calls(
    registry: prometheus_client.CollectorRegistry,
) -> None:
    names = run(BREAKER)
    breaker = names["measured"]("payments")
    breaker.fail_max = 2

    def value(metric: str, **labels: str) -> float | None:
        return registry.get_sample_value(metric, {"name": "payments", **labels})

    assert value(metrics.STATE.name, state="closed") == 1
    assert value(metrics.CALLS.name, outcome="rejected") == 0
    names["guarded"](breaker, int)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            names["guarded"](breaker, fail)
    with pytest.raises(pybreaker.CircuitBreakerError):
        names["guarded"](breaker, fail)
    outcomes = {o: value(metrics.CALLS.name, outcome=o) for o in ("success", "failure", "rejected")}
    assert outcomes == {"success": 1, "failure": 2, "rejected": 1}
    assert value(metrics.STATE.name, state="open") == 1
    assert value(metrics.STATE.name, state="closed") == 0
    assert value(metrics.TRANSITIONS.name, to="open") == 1


def test_retries_tell_first_tries_retried_and_exhausted_calls(
    registry: prometheus_client.CollectorRegistry,
) -> None:
    retried = run(RETRIES)["retried"]
    twice = {"stop": tenacity.stop_after_attempt(2)}
    answers = iter((fail, int))

    def second_time_lucky() -> None:
        next(answers)()

    retried("mail", int, **twice)
    retried("mail", second_time_lucky, **twice)
    with pytest.raises(tenacity.RetryError):
        retried("mail", fail, **twice)
    for outcome in ("first_try", "retried", "exhausted"):
        labels = {"name": "mail", "outcome": outcome}
        assert registry.get_sample_value(metrics.RETRIED_CALLS.name, labels) == 1
    assert registry.get_sample_value(metrics.ATTEMPTS.name, {"name": "mail"}) == 2
