"""The packs of load balancers, ECS services and buckets: an emulated CloudWatch that is fed, the
real collector, a real Prometheus."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from obs.clients.aws import AwsClient
from obs.packs.pack import built_in
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.prometheus import prometheus_binary
from obs.sources.aws.eventbridge import EventBridge
from obs.spec.load import load
from tests.integration.aws_fixtures import emulator
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.pack_services.cloudwatch import feed
from tests.integration.pack_services.drilling import queries, quick_rules
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.waiting import eventually

__all__ = ["emulator"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no Prometheus is installed"),
]

BALANCER = {"LoadBalancer": "app/kb-web/50dc6c495c0c9188"}
GROUP = {"TargetGroup": "targetgroup/kb-api/73e2d6bc24d8a067", **BALANCER}
SERVICE = {"ClusterName": "kb", "ServiceName": "api"}
BUCKET = {"BucketName": "kb-uploads", "FilterId": "EntireBucket"}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
}
PACKS: dict[str, Any] = {
    "alb": {"source": "aws", "load_balancers": ["app/kb-*"]},
    "ecs": {"source": "aws", "clusters": ["kb"]},
    "s3": {"source": "aws", "buckets": ["kb-*"]},
}


@dataclass(frozen=True)
class Account:
    """What CloudWatch is fed of the knowledge base, and who watches it."""

    url: str
    collector: CollectorProcess
    prometheus: Watching

    def put(self, minute: int, namespace: str, of: dict[str, str], **values: Any) -> None:
        for metric, value in values.items():
            feed(self.url, namespace, metric, {minute: value}, **of)

    def minute(self) -> int:
        """Let a minute end; gives the start of the one that has just ended."""
        return self.collector.clock.turn() - 60


def well(account: Account, minute: int) -> None:
    """A minute in which all is well."""
    balancing, insights = "AWS/ApplicationELB", "ECS/ContainerInsights"
    account.put(minute, balancing, BALANCER, RequestCount=1000, TargetResponseTime=[0.1] * 20)
    account.put(minute, balancing, GROUP, HealthyHostCount=2, UnHealthyHostCount=0)
    account.put(minute, "AWS/ECS", SERVICE, CPUUtilization=40, MemoryUtilization=50)
    account.put(minute, insights, SERVICE, DesiredTaskCount=2, RunningTaskCount=2)
    account.put(minute, insights, SERVICE, PendingTaskCount=0, DeploymentCount=1)
    account.put(minute, "AWS/S3", BUCKET, AllRequests=500, FirstByteLatency=[20] * 20)


def ill(account: Account, minute: int) -> None:
    """A minute in which everything fails that the alerts are about."""
    balancing, insights = "AWS/ApplicationELB", "ECS/ContainerInsights"
    account.put(minute, balancing, BALANCER, RequestCount=1000, TargetResponseTime=[0.9] * 20)
    account.put(minute, balancing, BALANCER, HTTPCode_Target_5XX_Count=60)
    account.put(minute, balancing, BALANCER, HTTPCode_Target_4XX_Count=300)
    account.put(minute, balancing, BALANCER, HTTPCode_ELB_5XX_Count=100)
    account.put(minute, balancing, BALANCER, RejectedConnectionCount=1)
    account.put(minute, balancing, BALANCER, TargetConnectionErrorCount=20)
    account.put(minute, balancing, GROUP, HealthyHostCount=[2, 0], UnHealthyHostCount=[0, 2])
    account.put(minute, "AWS/ECS", SERVICE, CPUUtilization=80, MemoryUtilization=85)
    account.put(minute, insights, SERVICE, DesiredTaskCount=2, RunningTaskCount=0)
    account.put(minute, insights, SERVICE, PendingTaskCount=2, DeploymentCount=2)
    account.put(minute, "AWS/S3", BUCKET, AllRequests=500, FirstByteLatency=[1500] * 20)
    account.put(minute, "AWS/S3", BUCKET, **{"4xxErrors": 200, "5xxErrors": 50})


@pytest.fixture(scope="module")
def account(emulator: AwsEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    emulator.reset()
    folder = tmp_path_factory.mktemp("aws")
    url = emulator.endpoint_url
    spec = spec_of(folder, aws={"endpoint_url": url}) | {"packs": PACKS}
    collector = CollectorProcess(folder / "collector", spec, environment=ENVIRONMENT)
    minute = collector.clock.turn()
    fed = Account(url, collector, Watching(""))
    well(fed, minute - 60)
    collector.start()
    try:
        rules = quick_rules(folder, collector.spec_file)
        target = collector.url.removeprefix("http://")
        with watching(folder, {"obs": target}, rules=str(rules), every="250ms") as prometheus:
            yield Account(url, collector, prometheus)
    finally:
        collector.kill()
        print(collector.log)  # noqa: T201  shown with a test that fails


def test_no_panel_is_empty_although_nothing_has_failed_yet(account: Account) -> None:
    asked = [
        (f"{page}: {title}", promql)
        for page in PACKS
        for title, promql in queries(account.collector.spec_file, page)
    ]
    assert len(asked) > 25
    well(account, account.minute())  # requests of which shares can be told

    def drawn() -> bool:
        asked[:] = [each for each in asked if not account.prometheus.query(each[1])]
        return not asked

    with contextlib.suppress(AssertionError):  # that says less than what is left
        eventually(drawn, 15)
    assert asked == []


def test_each_alert_fires_while_its_fault_lasts_and_resolves(account: Account) -> None:
    alerts = {alert.name for name in PACKS for alert in built_in(name).alerts}
    seen: set[str] = set()

    def fired() -> bool:
        seen.update(account.prometheus.firing())
        return alerts <= seen

    assert not alerts & account.prometheus.firing()
    ill(account, account.minute())
    eventually(fired)
    well(account, account.minute())
    eventually(lambda: not alerts & account.prometheus.firing())


def test_the_estimate_has_what_the_packs_read(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    spec = load([account.collector.spec_file], variables={}).sources.aws["aws"]
    spec = spec.model_copy(update={"poll": 60.0})
    now = account.collector.clock.now
    source = EventBridge("aws", spec, AwsClient(spec, lambda: now), lambda: now)
    source.poll()
    lines = {line.what: line.units for line in source.estimate().lines}
    # 8 metrics of the load balancer and 2 of its group, 6 of the service, 4 of the bucket.
    assert lines["GetMetricData of named metrics"] == 20 * 43_800
    assert lines["ListMetrics requests"] == 5 * 2_920
