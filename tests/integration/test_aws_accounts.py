"""Two accounts in two regions as one source: one collector, and an emulator that enforces IAM.

Every account and region has rules of the same names and numbers of its own. The policies are those
that obs prints.
"""

import base64
import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.iam.policy import Policy, document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policies_for, policy_for
from obs.iam.trust import trust_policies
from obs.sandbox.aws_emulator import ACCOUNT, AwsEmulator
from obs.sandbox.aws_faults import AwsFaults, Fault
from obs.spec.aws import AwsSource
from obs.spec.system import System
from tests.integration.collector_process import CollectorProcess, Scrape, Spec, key, spec_of
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

ACCOUNTS: Final = {"prod": "111111111111", "dev": "222222222222"}
REGIONS: Final = ("us-east-1", "eu-west-1")
PAIRS: Final = tuple((account, region) for account in ACCOUNTS for region in REGIONS)
HUB: Final = f"arn:aws:iam::{ACCOUNT}:user/obs"
EXTERNAL_ID: Final = "orders-1234"
ISSUER: Final = "oidc.example.com/id/ABC"


def name(account: str, region: str) -> str:
    return f"cloud-{account}-{region}"


def role(account: str) -> str:
    return f"arn:aws:iam::{ACCOUNTS[account]}:role/obs"


@dataclass
class Cloud:
    """The accounts, what was fed to each of them, and the collector that watches all of them."""

    emulator: AwsEmulator
    faults: AwsFaults
    collector: CollectorProcess
    policies: Mapping[str, Policy]
    begin: int = 0
    fed: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def aws(self, service: str, account: str, region: str = REGIONS[0]) -> Any:
        """A client of an account's root user."""
        return _client(service, account, region, self.emulator.endpoint_url)

    def grant(self, account: str, *, without: str = "") -> None:
        """What an account's role may do from now on: what obs prints, less one service."""
        policy = self.policies[role(account)]
        kept = [
            replace(
                each,
                actions=tuple(one for one in each.actions if not one.startswith(f"{without}:")),
                # The emulator takes the bus of a rule for its resource.
                resources=("*",) if "events:ListTargetsByRule" in each.actions else each.resources,
            )
            for each in policy.statements
        ]
        self.aws("iam", ACCOUNTS[account]).put_role_policy(
            RoleName="obs",
            PolicyName="obs",
            PolicyDocument=json.dumps(document(Policy(tuple(x for x in kept if x.actions)))),
        )

    def trust(self, account: str, external_id: str) -> None:
        """Whom an account's role trusts from now on: those who know this external ID."""
        trusted: Any = trust_policies(self.system, HUB)[role(account)]
        trusted["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = external_id
        self.aws("iam", ACCOUNTS[account]).update_assume_role_policy(
            RoleName="obs", PolicyDocument=json.dumps(trusted)
        )

    @property
    def system(self) -> System:
        return System.model_validate(self.collector.spec)

    def feed(self, minute: int) -> None:
        """Publish invocations of one minute, another number in each account and region."""
        for number, (account, region) in enumerate(PAIRS):
            value = 10.0**number
            self.aws("cloudwatch", ACCOUNTS[account], region).put_metric_data(
                Namespace="AWS/Events",
                MetricData=[
                    {
                        "MetricName": "Invocations",
                        "Dimensions": [
                            {"Name": "EventBusName", "Value": "orders"},
                            {"Name": "RuleName", "Value": "placed"},
                        ],
                        "Timestamp": minute,
                        "Value": value,
                    }
                ],
            )
            self.fed[account, region] += value

    def counted(self, up: Collection[tuple[str, str]] = PAIRS) -> Scrape:
        """Wait until these are up, no others are, and their counters are what was fed."""
        health = {key("obs_source_up", source=name(*pair)): float(pair in up) for pair in PAIRS}
        expected = health | {invocations(*pair): self.fed[pair] for pair in up}
        return self.collector.until(lambda scrape: expected.items() <= scrape.items())

    def why(self, account: str, region: str) -> str:
        """The error of a source in the status document."""
        (found,) = (
            each
            for each in self.collector.status()["sources"]
            if each["name"] == name(account, region)
        )
        return str(found["error"])


@cache
def _client(service: str, account: str, region: str, endpoint_url: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )


def invocations(account: str, region: str) -> tuple[str, frozenset[tuple[str, str]]]:
    labels = {"aws": name(account, region), "bus": "orders", "rule": "placed"}
    return key("eventbridge_invocations_total", **labels)


def depth(account: str, region: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key("sqs_queue_visible_messages", aws=name(account, region), queue="orders-dlq")


def left_out(account: str, region: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key("obs_source_left_out", source=name(account, region), reason="denied")


def spec(folder: Path, endpoint_url: str) -> Spec:
    """One source; nothing of its accounts is written twice."""
    whole = spec_of(folder)
    whole["sources"]["aws"] = {
        "cloud": {
            "regions": list(REGIONS),
            "external_id": EXTERNAL_ID,
            "accounts": [{"name": each, "role_arn": role(each)} for each in ACCOUNTS],
            "buses": [{"name": "orders"}],
            "queues": ["orders-*"],
            "poll": "1s",
            "timeout": "5s",
            "delay": "0s",
            "inventory_every": "1s",
            "stale_after": "60s",
            "endpoint_url": endpoint_url,
        }
    }
    return whole


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("accounts")
    with AwsEmulator(enforce_iam=True) as emulator, AwsFaults(emulator.endpoint_url) as faults:
        written = spec(folder, faults.endpoint_url)
        system = System.model_validate(written)
        made = Cloud(
            emulator,
            faults,
            CollectorProcess(folder, written),
            policies_for("collector", system, PolicyOptions()),
        )
        made.collector.environment = _signed_in(made, system)
        for account in ACCOUNTS:
            _create(made, account)
        made.begin = made.collector.clock.turn()
        try:
            made.collector.start()
            yield made
        finally:
            made.collector.kill()
            print(made.collector.log)  # noqa: T201  shown with a test that fails


def _signed_in(cloud: Cloud, system: System) -> dict[str, str]:
    """The credentials of a user in an account of its own, who may only assume the roles."""
    iam = cloud.aws("iam", ACCOUNT)
    iam.create_user(UserName="obs")
    sign_in = policy_for("sign-in", system, PolicyOptions())
    iam.put_user_policy(
        UserName="obs", PolicyName="in", PolicyDocument=json.dumps(document(sign_in))
    )
    made = iam.create_access_key(UserName="obs")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _create(cloud: Cloud, account: str) -> None:
    """The role, and in each region a rule and a queue with messages."""
    trusted = trust_policies(cloud.system, HUB)[role(account)]
    cloud.aws("iam", ACCOUNTS[account]).create_role(
        RoleName="obs", AssumeRolePolicyDocument=json.dumps(trusted)
    )
    cloud.grant(account)
    for region in REGIONS:
        events = cloud.aws("events", ACCOUNTS[account], region)
        events.create_event_bus(Name="orders")
        events.put_rule(Name="placed", EventBusName="orders", EventPattern='{"source": ["o"]}')
        sqs = cloud.aws("sqs", ACCOUNTS[account], region)
        url = sqs.create_queue(QueueName="orders-dlq")["QueueUrl"]
        for _ in range(PAIRS.index((account, region))):
            sqs.send_message(QueueUrl=url, MessageBody="lost")


@pytest.fixture
def quiet(cloud: Cloud) -> Iterator[Cloud]:
    """All accounts work before and after the test."""
    yield cloud
    cloud.faults.stop_faults()
    for account in ACCOUNTS:
        cloud.grant(account)
        cloud.trust(account, EXTERNAL_ID)


def test_each_account_and_region_has_its_own_numbers_and_health(quiet: Cloud) -> None:
    quiet.feed(quiet.begin)
    scrape = quiet.counted()
    assert {scrape[invocations(*pair)] for pair in PAIRS} == {1.0, 10.0, 100.0, 1000.0}
    assert [scrape[depth(*pair)] for pair in PAIRS] == [0.0, 1.0, 2.0, 3.0]


def test_a_role_that_may_not_list_one_service_leaves_all_others_working(quiet: Cloud) -> None:
    quiet.grant("dev", without="sqs")
    quiet.grant("prod", without="events")
    quiet.feed(quiet.begin)
    dev, prod = ([pair for pair in PAIRS if pair[0] == each] for each in ("dev", "prod"))
    quiet.collector.until(lambda scrape: all(scrape.get(left_out(*pair)) == 1 for pair in dev))
    kept = "keeping the rules known so far: ListEventBuses: not permitted"
    lines = [f"{name(*pair)}: {kept}" for pair in prod]
    eventually(lambda: all(line in quiet.collector.log for line in lines))
    scrape = quiet.counted()
    assert [pair for pair in PAIRS if depth(*pair) in scrape] == prod


def test_what_fails_in_one_account_or_region_leaves_the_others_and_says_what_to_do(
    quiet: Cloud,
) -> None:
    quiet.trust("dev", "another")
    # The sessions that exist are valid as long as AWS takes them.
    quiet.faults.start_fault(Fault.EXPIRED, "ListEventBuses")
    quiet.faults.start_fault(Fault.THROTTLED, "GetMetricData", region="eu-west-1")
    quiet.feed(quiet.begin)
    quiet.counted(up=[("prod", "us-east-1")])
    why = quiet.why("dev", "us-east-1")
    assert f"cannot assume role {role('dev')} of account {ACCOUNTS['dev']}" in why
    assert f"external ID {EXTERNAL_ID}" in why
    assert "obs iam policy --for trust" in why
    assert "throttled by AWS" in quiet.why("prod", "eu-west-1")
    quiet.faults.stop_faults()
    quiet.trust("dev", EXTERNAL_ID)
    quiet.counted()


def test_answers_in_part_are_not_taken_and_lose_no_event(quiet: Cloud) -> None:
    quiet.faults.start_fault(Fault.PARTIAL, "GetMetricData", region="eu-west-1")
    quiet.feed(quiet.begin)
    quiet.counted(up=[pair for pair in PAIRS if pair[1] == "us-east-1"])
    assert "PartialData" in quiet.why("dev", "eu-west-1")
    quiet.faults.stop_faults()
    quiet.counted()


def test_an_expired_token_is_replaced_within_the_same_poll(quiet: Cloud) -> None:
    errors = [key("obs_source_errors_total", source=name(*pair), reason="auth") for pair in PAIRS]
    before = quiet.collector.scrape()
    assumed = quiet.faults.seen["AssumeRole"]
    quiet.faults.start_fault(Fault.EXPIRED, "GetMetricData", times=1)
    quiet.feed(quiet.begin)
    eventually(lambda: quiet.faults.seen["AssumeRole"] > assumed)
    scrape = quiet.counted()
    assert [scrape[each] for each in errors] == [before[each] for each in errors]


def test_a_role_is_assumed_with_the_token_that_a_file_has_now(
    quiet: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    file = tmp_path / "token"
    file.write_text(_token("https://elsewhere.example.com"))
    fields = quiet.collector.spec["sources"]["aws"]["cloud"]
    written = fields | {"external_id": None, "web_identity_token_file": str(file)}
    system = System.model_validate(quiet.collector.spec | {"sources": {"aws": {"cloud": written}}})
    trusted = trust_policies(system, f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")
    quiet.aws("iam", ACCOUNTS["prod"]).update_assume_role_policy(
        RoleName="obs", PolicyDocument=json.dumps(trusted[role("prod")])
    )
    source = system.sources.aws[name("prod", "eu-west-1")]
    with closing(AwsClient(source, time.monotonic)) as client:
        with pytest.raises(SourceError, match="trust policy names the issuer and subject of"):
            client.event_buses()
        file.write_text(_token(f"https://{ISSUER}"))
        assert "orders" in client.event_buses()
        assert client.requests["AssumeRoleWithWebIdentity"] == 2


def test_the_keys_of_a_profile_are_read_anew_once_they_are_rejected(
    quiet: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def keys(access_key: str) -> None:
        text = f"[dev]\naws_access_key_id = {access_key}\naws_secret_access_key = test\n"
        file.write_text(text)

    keys("AKIA" + "X" * 16)
    given = {"region": "eu-west-1", "endpoint_url": quiet.emulator.endpoint_url}
    written = AwsSource.model_validate(given | {"accounts": [{"name": "dev", "profile": "dev"}]})
    (source,) = written.each("cloud").values()
    assert isinstance(source, AwsSource)
    with closing(AwsClient(source, time.monotonic)) as client:
        with pytest.raises(SourceError, match="AWS rejected the credentials"):
            client.event_buses()
        assert client.requests["ListEventBuses"] == 1
        keys(ACCOUNTS["dev"])
        assert "orders" in client.event_buses()


def _token(issuer: str) -> str:
    """An OIDC token, of which the emulator does not verify the signature."""
    claims = {"iss": issuer, "sub": "obs", "aud": "sts.amazonaws.com"}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"e30.{body}.e30"
