"""When the values of a source no longer count as current."""

import pytest

from obs.spec.nats import NatsSource
from obs.spec.source import stale_after


@pytest.mark.parametrize(
    ("given", "seconds"),
    [({}, 120.0), ({"poll": "30s"}, 240.0), ({"stale_after": "1m"}, 60.0)],
)
def test_it_is_what_the_spec_says_or_eight_polls(given: dict[str, str], seconds: float) -> None:
    source = NatsSource.model_validate({"monitor": ["http://nats:8222"], "poll": "15s", **given})
    assert stale_after(source) == seconds


def test_values_last_until_the_next_poll_has_ended() -> None:
    text = {"monitor": ["http://nats:8222"], "poll": "20s", "stale_after": "20s"}
    assert stale_after(NatsSource.model_validate(text)) == 30
