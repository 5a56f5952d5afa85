"""A metric and its counterparts."""

import pytest

from obs.catalogue import aws, nats


def test_a_metric_that_aws_publishes_knows_which_it_is() -> None:
    assert aws.INVOCATIONS.twin.metric == "Invocations"


def test_a_metric_that_aws_does_not_publish_says_so() -> None:
    with pytest.raises(
        ValueError, match="nats_consumer_lag_messages is not read from an AWS metric"
    ):
        _ = nats.LAG_MESSAGES.twin
