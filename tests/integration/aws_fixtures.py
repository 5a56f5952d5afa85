"""An emulated AWS behind a proxy that fails on demand, and a source that polls it."""

import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

from obs.clients.aws import AwsClient
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_faults import AwsFaults
from obs.sources.aws.eventbridge import EventBridge
from obs.spec.aws import AwsSource

Key = TypeVar("Key", bound=Hashable)


@dataclass
class Clock:
    """Stands still until it is set."""

    now: float

    def __call__(self) -> float:
        return self.now


class Fed(Generic[Key]):
    """What CloudWatch was fed, by minute. A minute that has a point gets its correction."""

    def __init__(self) -> None:
        self._points: dict[Key, dict[int, float]] = defaultdict(dict)

    def note(self, fed: Key, points: Mapping[int, float]) -> None:
        known = self._points[fed]
        known.update({at: known.get(at, 0.0) + value for at, value in points.items()})

    def total(self, fed: Key, since: int = 0, before: int = 1 << 40) -> float:
        points = self._points.get(fed, {})
        return sum(value for at, value in points.items() if since <= at < before)


@dataclass
class Account:
    """One emulated account; `endpoint_url` goes around the proxy."""

    endpoint_url: str
    faults: AwsFaults
    clock: Clock

    @property
    def minute(self) -> int:
        """Start of a minute that is settled."""
        return int(self.clock.now) // 60 * 60 - 300

    def spec(self, **fields: object) -> AwsSource:
        given = {"region": "us-east-1", "endpoint_url": self.faults.endpoint_url} | fields
        return AwsSource.model_validate(given)

    def source(self, **fields: object) -> tuple[EventBridge, AwsClient]:
        spec = self.spec(**fields)
        client = AwsClient(spec, self.clock)
        return EventBridge("aws", spec, client, self.clock), client


@pytest.fixture(scope="session")
def emulator() -> Iterator[AwsEmulator]:
    with AwsEmulator() as running:
        yield running


@pytest.fixture(scope="session")
def proxy(emulator: AwsEmulator) -> Iterator[AwsFaults]:
    with AwsFaults(emulator.endpoint_url) as running:
        yield running


def create_lease_table(endpoint_url: str) -> None:
    """The DynamoDB table `obs-lease`."""
    aws_events.aws("dynamodb", endpoint_url).create_table(
        TableName="obs-lease",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def sign_in(patch: pytest.MonkeyPatch) -> None:
    """Give this process, and those that it starts, the emulator's credentials and no others."""
    patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture
def account(
    emulator: AwsEmulator, proxy: AwsFaults, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    sign_in(monkeypatch)
    emulator.reset()
    proxy.stop_faults()
    yield Account(emulator.endpoint_url, proxy, Clock(time.time()))
    proxy.stop_faults()
