"""Targets for the lag of a consumer, by its own settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.first_spec.thresholds import lag_target
from obs.snapshot.assets import ConsumerConfig


@pytest.mark.parametrize(
    ("config", "max_age", "seconds", "why"),
    [
        (ConsumerConfig(max_deliver=3), None, 90, "ack_wait 30s × max_deliver 3"),
        (ConsumerConfig(), None, 90, "ack_wait 30s × 3 deliveries"),
        (ConsumerConfig(max_deliver=1, ack_wait=5), None, 30, "at least 30s"),
        (ConsumerConfig(max_deliver=100, ack_wait=60), None, 3600, "at most 1h"),
        (ConsumerConfig(max_deliver=5, backoff=(5, 30, 120)), None, 395, "backoff over"),
        (ConsumerConfig(max_deliver=20, ack_wait=61), None, 1200, "× max_deliver 20"),
        (ConsumerConfig(max_deliver=3), 60.0, 30, "half of the stream's max_age 1m"),
        (ConsumerConfig(ack_policy="none", ack_wait=0), None, 30, "acknowledges nothing"),
    ],
)
def test_a_message_may_be_as_old_as_all_its_deliveries_take(
    config: ConsumerConfig, max_age: float | None, seconds: float, why: str
) -> None:
    target = lag_target(config, max_age)
    assert target.seconds == seconds
    assert why in target.why


@given(
    st.builds(
        ConsumerConfig,
        ack_wait=st.floats(0, 1e7),
        max_deliver=st.integers(-1, 10**6),
        backoff=st.lists(st.floats(0, 1e6), max_size=5).map(tuple),
    ),
    st.none() | st.floats(0, 1e9),
)
def test_a_target_is_never_absurd(config: ConsumerConfig, max_age: float | None) -> None:
    assert 1 <= lag_target(config, max_age).seconds <= 3600
