"""NATS as a kind of source: what runbooks name."""

from obs.sources.nats.kind import KIND
from obs.spec.nats import NatsSource


def test_a_runbook_has_no_address_that_may_hold_a_token() -> None:
    token = "T0k3n16aBcD9fGhJkLmN"
    spec = NatsSource(monitor=(f"http://proxy:8222/{token}/nats",))
    found = KIND.examples({"main": spec}, ())
    assert found["monitor"] == "MONITOR_URL"
    plain = NatsSource(monitor=("http://nats:8222",))
    assert KIND.examples({"main": plain}, ())["monitor"] == "http://nats:8222"
