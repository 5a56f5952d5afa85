"""An emulated AWS behind a proxy that fails on demand, and a source that polls it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from obs.clients.aws import AwsClient
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_faults import AwsFaults
from obs.sources.aws.eventbridge import EventBridge
from obs.spec.aws import AwsSource


@dataclass
class Clock:
    """Stands still until it is set."""

    now: float

    def __call__(self) -> float:
        return self.now


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


@pytest.fixture
def account(
    emulator: AwsEmulator, proxy: AwsFaults, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    emulator.reset()
    proxy.stop_faults()
    yield Account(emulator.endpoint_url, proxy, Clock(time.time()))
    proxy.stop_faults()
