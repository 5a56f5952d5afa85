from datetime import UTC, datetime, timedelta

from obs.sources.nats.shared_addresses import SharedAddresses
from obs.sources.nats.varz import Varz

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def varz(server: str, *, up: float | None, name: str = "") -> Varz:
    """A server that has run for `up` seconds."""
    start = None if up is None else NOW - timedelta(seconds=up)
    return Varz(server, name or server, now=NOW if up is not None else None, start=start)


def test_the_same_server_is_no_other() -> None:
    addresses = SharedAddresses()
    assert not addresses.another_answers("a", varz("S1", up=100), at=0)
    assert not addresses.another_answers("a", varz("S1", up=110), at=10)


def test_a_server_that_was_started_since_is_the_same_one_again() -> None:
    addresses = SharedAddresses()
    addresses.another_answers("a", varz("S1", up=1000), at=0)
    assert not addresses.another_answers("a", varz("S2", up=5), at=10)


def test_a_server_that_already_ran_while_another_one_answered_shares_the_address() -> None:
    addresses = SharedAddresses()
    addresses.another_answers("a", varz("S1", up=1000), at=0)
    assert addresses.another_answers("a", varz("S2", up=1000), at=10)


def test_servers_that_do_not_say_since_when_they_run_are_told_apart_by_name() -> None:
    addresses = SharedAddresses()
    addresses.another_answers("a", varz("S1", up=None, name="n1"), at=0)
    assert not addresses.another_answers("a", varz("S2", up=None, name="n1"), at=10)
    assert addresses.another_answers("a", varz("S3", up=None, name="n2"), at=20)
