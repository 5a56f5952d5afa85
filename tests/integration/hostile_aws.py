"""What answers in the place of AWS, and a client that asks it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries
from obs.errors import SourceError
from obs.spec.aws import AwsSource
from tests.hostile.aws_server import (
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    HostileAws,
)
from tests.integration.test_aws_source import without_pauses

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY0"
TOKEN = "SESSIONtoken0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
SECRETS = (KEY, SECRET, TOKEN, TEMPORARY_KEY, TEMPORARY_SECRET, TEMPORARY_TOKEN)
ROLE = "arn:aws:iam::000000000000:role/obs"
LIST = "ListEventBuses"
HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\nContent-Type: application/x-amz-json-1.1\r\n"
SERIES = MetricSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "r"),))

Call = Callable[[AwsClient], object]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileAws]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with HostileAws() as running:
        yield running


@contextmanager
def client(server: HostileAws, **fields: Any) -> Iterator[AwsClient]:
    given = {"region": "us-east-1", "endpoint_url": server.url, "timeout": "300ms"} | fields
    one = AwsClient(AwsSource.model_validate(given), time.monotonic)
    try:
        yield one
    finally:
        one.close()


def failure(server: HostileAws, call: Call = AwsClient.event_buses, **fields: Any) -> SourceError:
    """What a call raises, which never waits for the pauses between attempts."""
    with client(server, **fields) as one, without_pauses(), pytest.raises(SourceError) as caught:
        call(one)
    error = caught.value
    assert (error.__context__, error.__cause__) == (None, None)
    return error
