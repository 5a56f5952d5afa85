"""An AWS account behind a proxy that fails, watched through it and, by an undisturbed collector,
around it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_faults import AwsFaults
from obs.snapshot.aws import Rule
from tests.integration.aws_feed import OBJECT, SCHEMA, Feed
from tests.integration.collector_process import CollectorProcess, Scrape, key, named, spec_of

FIRST_KEY: Final = "AKIAFIRSTEXAMPLE0001"
SECOND_KEY: Final = "AKIASECONDEXAMPLE002"
STALE_AFTER: Final = 3.0  # seconds
DELIVERY: Final = {
    "name": "delivery",
    "service": "oms",
    "objective": 99.0,
    "window": "7d",
    "sli": {"eventbridge": {"source": "aws", "bus": "oms-events"}},
}
_COMPARED: Final = (
    "slo_data_watermark_timestamp_seconds",
    "slo_error_budget_remaining_ratio",
    "slo_error_ratio",
    "slo_burn_rate",
    "slo_events_total",
    "slo_good_events_total",
)


@dataclass
class WatchedAccount:
    """The two collectors, and what the account was fed from `since` on (Unix seconds)."""

    faults: AwsFaults
    feed: Feed
    watching: CollectorProcess
    undisturbed: CollectorProcess
    credentials: Path  # of the watching collector
    since: int = 0

    def start(self) -> None:
        """Both at the same minute, which is not over for nearly a minute."""
        self.turn()
        self.since = self.watching.clock.minute
        for age, failed in ((600, 3.0), (3600, 20.0), (2 * 86_400, 40.0)):
            self._events(SCHEMA, {self.since - age: 5000.0}, {self.since - age: failed})
        for collector in (self.undisturbed, self.watching):
            collector.start()
        self.deliver()
        self.turn()

    def turn(self, minutes: int = 1) -> None:
        """Go forward to the beginning of a later minute."""
        self.watching.clock.turn(minutes)
        self.undisturbed.clock.shift = self.watching.clock.shift

    def deliver(self, minutes: int = 1) -> None:
        """Events of this minute and those before it, a different number in each, some failed."""
        now = self.watching.clock.minute
        failed = {at: 5.0 + at // 60 % 7 for at in range(now - 60 * (minutes - 1), now + 60, 60)}
        self._events(SCHEMA, {at: 100.0 + number for at, number in failed.items()}, failed)
        self._events(OBJECT, dict.fromkeys(failed, 30.0), {})

    def correct(self, minute: int, failed: float) -> None:
        """AWS finds that so many more events of a minute failed; fewer where it is negative."""
        self._events(SCHEMA, {minute: failed}, {minute: failed})

    def _events(self, rule: Rule, all_: dict[int, float], failed: dict[int, float]) -> None:
        self.feed.put_together(rule, {"Invocations": all_, "FailedInvocations": failed})

    def renew_credentials(self, access_key: str) -> None:
        """Replace the file with the credentials of the watching collector."""
        lines = ["[default]", f"aws_access_key_id={access_key}", "aws_secret_access_key=test"]
        self.credentials.write_text("\n".join([*lines, "aws_session_token=of-a-session", ""]))

    def wrong(self) -> list[str]:
        """What the watching collector says that is not so."""
        scrape, truth = self.watching.scrape(), self.undisturbed.scrape()
        found = ["the source is down"] * (scrape[key("obs_source_up", source="aws")] != 1)
        ready = self.watching.get("/readyz").status
        found += [f"/readyz answers {ready}"] * (ready != 200)
        found += [
            f"{sample[0]} is {scrape.get(sample)} instead of {value}"
            for sample, value in self.feed.counters(self.since).items()
            if scrape.get(sample) != value
        ]
        slos = {each for each in {*scrape, *truth} if each[0] in _COMPARED}
        found += ["the undisturbed collector has no SLO"] * (_BUDGET not in truth)
        found += [
            f"{sample[0]} is {scrape.get(sample)} instead of {truth.get(sample)}"
            for sample in slos
            if not _same(scrape.get(sample), truth.get(sample))
        ]
        return found


_BUDGET: Final = key("slo_error_budget_remaining_ratio", slo="delivery", slo_service="oms")


def _same(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9)


def is_down(scrape: Scrape) -> bool:
    """Whether the AWS source is."""
    return scrape[key("obs_source_up", source="aws")] == 0


def is_gone(scrape: Scrape) -> bool:
    """Whether the rules' series are gone."""
    return not named(scrape, "eventbridge_")


@contextmanager
def watched_account(folder: Path, **source: Any) -> Iterator[WatchedAccount]:
    """Both collectors have polled, and their SLO has a budget; `source` overrides its fields."""
    credentials = folder / "credentials"
    environment = {
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def collector(name: str, endpoint_url: str) -> CollectorProcess:
        of = folder / name
        aws = {"endpoint_url": endpoint_url, "buses": [{"name": "oms-events"}], "timeout": "1s"}
        aws |= {"stale_after": f"{STALE_AFTER:g}s"} | source
        return CollectorProcess(of, spec_of(of, aws=aws, slos=[DELIVERY]), environment=environment)

    with AwsEmulator() as emulator, AwsFaults(emulator.endpoint_url) as faults:
        aws_events.create_oms(emulator.endpoint_url)
        account = WatchedAccount(
            faults,
            Feed(emulator.endpoint_url),
            collector("watching", faults.endpoint_url),
            collector("undisturbed", emulator.endpoint_url),
            credentials,
        )
        account.renew_credentials(FIRST_KEY)
        try:
            account.start()
            yield account
        finally:
            account.watching.kill()
            account.undisturbed.kill()
