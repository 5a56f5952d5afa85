"""The pack of resilience on a real circuit breaker with real retries, watched by Prometheus."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.pack_services.drilling import queries, quick_rules
from tests.integration.pack_services.recorded import Exposition, exposition
from tests.integration.pack_services.resilience import ResilientService, resilient_service
from tests.integration.pack_services.shapes import RESILIENCE4J, breaker_of_java
from tests.integration.pack_services.telemetry import load
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.promtool import needs
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.integration, needs("prometheus")]

SPEC = """version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://localhost:9090"}}
packs:
  resilience: {where: {job: "shop*"}}
alerts:
  DeadLettersPileUp: {above: 20}
  DeadLetterOld: {above: 2s}
  DeadLetterQueueFull: {above: 15}
"""
NODE = {"circuit": "counter", "bullmq_job_count": "gauge"}
REFUSED = (
    'resilience4j_circuitbreaker_not_permitted_calls_total{name="billing",kind="not_permitted"}'
)
PERMITTED = 'resilience4j_circuitbreaker_calls_seconds_count{name="billing",kind="successful"}'
EXHAUSTED = 'resilience4j_retry_calls_total{name="billing",kind="failed_with_retry"}'
AT_ONCE = 'resilience4j_retry_calls_total{name="billing",kind="successful_without_retry"}'
EVENTS = ("fire", "success", "failure", "reject", "open", "halfOpen", "close", "fallback")


@dataclass(frozen=True)
class Shop:
    """A service in Python, and expositions of one in Java and one in Node."""

    spec: Path
    prometheus: Watching
    service: ResilientService
    others: Exposition

    def firing(self) -> dict[str, set[str]]:
        """The alerts of the pack that fire, by the name of the breaker, limiter or queue."""
        found: dict[str, set[str]] = {}
        for labels, _ in self.prometheus.query('ALERTS{alertstate="firing",alertname!~"Obs.*"}'):
            found.setdefault(labels.get("name") or labels["queue"], set()).add(labels["alertname"])
        return found

    def lacks(self, expected: dict[str, set[str]]) -> dict[str, set[str]]:
        """The alerts that do not fire yet, as `firing` has them."""
        firing = self.firing()
        rest = {name: alerts - firing.get(name, set()) for name, alerts in expected.items()}
        return {name: alerts for name, alerts in rest.items() if alerts}


def _event(event: str) -> str:
    return f'circuit{{name="search",event="{event}"}}'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("resilience")
    spec = folder / "obs.yaml"
    spec.write_text(SPEC)
    with ExitStack() as stack:
        service = stack.enter_context(resilient_service(reset=0.3))
        others = stack.enter_context(exposition(RESILIENCE4J | NODE))
        breaker_of_java(others, "billing")
        for event in EVENTS:
            others.set(_event(event), 0)
        others.set('bullmq_job_count{queue="mail",state="failed"}', 0)
        others.set('bullmq_job_count{queue="mail",state="waiting"}', 50)
        targets = {"shop": service.target, "shop-others": others.target}
        rules = str(quick_rules(folder, spec))
        prometheus = stack.enter_context(watching(folder, targets, rules=rules, every="500ms"))
        yield Shop(spec, prometheus, service, others)


def test_no_panel_is_empty(shop: Shop) -> None:
    with load(shop.service.call, 20):
        shop.service.limit(allowed=True)
        asked = list(queries(shop.spec, "resilience"))
        assert len(asked) >= 20
        eventually(lambda: not [expr for _, expr in asked if not shop.prometheus.query(expr)])


def test_trouble_of_each_library_fires_and_resolves(shop: Shop) -> None:
    of_calls = {"CircuitBreakerOpen", "CircuitBreakerRejectsCalls", "RetriesExhausted"}
    expected = {
        "payments": of_calls
        | {"CircuitBreakerFlaps", "CircuitBreakerFailureRateHigh"}
        | {"RetriesFrequent", "RateLimitRejectsRequests"},
        "payments-dlq": {"DeadLettersPileUp", "DeadLetterQueueFull", "DeadLetterOld"},
        "billing": {*of_calls, "RetriesFrequent"},
        "search": {"CircuitBreakerRejectsCalls", "CircuitBreakerFlaps"},
        "mail": {"DeadLettersPileUp"},
    }
    shop.service.broken = True
    breaker_of_java(shop.others, "billing", "open")
    shop.others.set('bullmq_job_count{queue="mail",state="failed"}', 30)

    def goes_wrong() -> None:
        shop.service.call()
        shop.service.limit(allowed=False)
        for series in (REFUSED, EXHAUSTED, _event("fire"), _event("reject")):
            shop.others.add(series, 5)
        shop.others.add(_event("open"), 1)

    def goes_well() -> None:
        shop.service.call()
        shop.service.limit(allowed=True)
        for series in (PERMITTED, AT_ONCE, _event("fire"), _event("success")):
            shop.others.add(series, 5)

    def has_recovered() -> bool:
        shop.service.reprocess()  # also what was rejected until the breaker closed
        return not shop.firing()

    with load(goes_wrong, 60):
        eventually(lambda: not shop.lacks(expected))
    shop.service.broken = False
    breaker_of_java(shop.others, "billing")
    shop.others.set('bullmq_job_count{queue="mail",state="failed"}', 0)
    with load(goes_well, 60):
        eventually(has_recovered)
