"""Pipes, schedules, API destinations, archives and other accounts' buses on a real emulator."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from obs.alerts.definitions import aws_pipes as alerts
from obs.alerts.targets import TARGETS
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import write
from obs.catalogue import aws_archives, aws_buses, aws_pipes, aws_schedules
from obs.catalogue.metric import Metric
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, REGION
from obs.sandbox.aws_faults import Fault
from obs.snapshot.aws_services import Resource
from obs.spec.load import load
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, key, spec_of
from tests.integration.promtool import check_rules, judged, needs_promtool

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/any"
WATCHED: Final[dict[str, list[str]]] = {
    "pipes": ["*"],
    "schedule_groups": ["nightly"],
    "api_destinations": ["*"],
    "archives": ["*"],
}


@pytest.fixture
def shop(account: Account) -> Account:
    """Two pipes of which one is meant to be stopped, and one of each of the others."""
    url = account.endpoint_url
    queue = aws_events.aws("sqs", url)
    urls = [queue.create_queue(QueueName=name)["QueueUrl"] for name in ("orders", "outbox")]
    source, target = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}" for url in urls)
    pipes = aws_events.aws("pipes", url)
    for name, state in (("outbox", "RUNNING"), ("spare", "STOPPED")):
        pipes.create_pipe(Name=name, Source=source, Target=target, RoleArn=ROLE, DesiredState=state)
    schedules = aws_events.aws("scheduler", url)
    for name in ("nightly", "others"):
        schedules.create_schedule_group(Name=name)
    events = aws_events.aws("events", url)
    connection = events.create_connection(
        Name="partner",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "value"}},
    )
    events.create_api_destination(
        Name="partner",
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint="https://partner.example/events",
        HttpMethod="POST",
    )
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    events.create_archive(ArchiveName="all", EventSourceArn=bus)
    events.put_rule(Name="forward", EventPattern='{"source": ["shop"]}')
    other = "arn:aws:events:eu-west-1:210987654321:event-bus/central"
    events.put_targets(Rule="forward", Targets=[{"Id": "1", "Arn": other, "RoleArn": ROLE}])
    return account


def feed(account: Account, name: str, metric: Metric, at: int, value: float) -> None:
    twin = metric.twin
    datum: dict[str, Any] = {
        "MetricName": twin.metric,
        "Dimensions": [{"Name": each, "Value": name} for each, _ in twin.dimensions],
        "Timestamp": at,
        "Value": value,
    }
    client = aws_events.aws("cloudwatch", account.endpoint_url)
    client.put_metric_data(Namespace=twin.namespace, MetricData=[datum])


def test_the_collector_exports_what_each_of_them_says(
    shop: Account, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    source = {"endpoint_url": shop.faults.endpoint_url, "buses": [{"name": "default"}], **WATCHED}
    collector = CollectorProcess(tmp_path, spec_of(tmp_path, aws=source))
    collectors.append(collector)
    first = collector.clock.turn()
    collector.start()
    told = {
        key(aws_pipes.RUNNING.name, aws="aws", pipe="outbox"): 1.0,
        key(aws_pipes.FAILED.name, aws="aws", pipe="outbox"): 0.0,
        key(aws_schedules.DROPPED.name, aws="aws", schedule_group="nightly"): 0.0,
        key(aws_archives.READY.name, aws="aws", api_destination="partner"): 1.0,
        key(aws_archives.ENABLED.name, aws="aws", archive="all"): 1.0,
        key(aws_archives.FAILED_REPLAYS.name, aws="aws", archive="all"): 0.0,
        key(
            aws_buses.BUS_TARGET.name,
            aws="aws",
            bus="default",
            rule="forward",
            target_bus="central",
            target_account="210987654321",
            target_region="eu-west-1",
        ): 1.0,
    }

    def says(expected: dict[Any, float]) -> bool:
        def all_there(scrape: Scrape) -> bool:
            return {each: scrape.get(each) for each in expected} == expected

        scrape = collector.until(all_there)
        assert key(aws_pipes.RUNNING.name, aws="aws", pipe="spare") not in scrape
        assert key(aws_schedules.DROPPED.name, aws="aws", schedule_group="others") not in scrape
        return True

    assert says(told)
    feed(shop, "outbox", aws_pipes.FAILED, first, 7)
    feed(shop, "nightly", aws_schedules.DROPPED, first, 3)
    aws_events.aws("events", shop.endpoint_url).delete_connection(Name="partner")
    collector.clock.turn(3)
    told[key(aws_pipes.FAILED.name, aws="aws", pipe="outbox")] = 7.0
    told[key(aws_schedules.DROPPED.name, aws="aws", schedule_group="nightly")] = 3.0
    told[key(aws_archives.READY.name, aws="aws", api_destination="partner")] = 0.0
    assert says(told)


def test_a_service_that_does_not_answer_leaves_the_others_told(shop: Account) -> None:
    source, client = shop.source(**WATCHED)
    source.poll()
    shop.faults.start_fault(Fault.DENIED, "ListReplays")
    levels = source.poll().services.levels
    assert levels[Resource("api_destination", "partner"), aws_archives.READY.name] == 1.0
    assert (Resource("archive", "all"), aws_archives.ENABLED.name) not in levels
    # 5 metrics of the rule, 9 of each pipe of which two are of one, 7 of the group.
    billed = (5 + 2 * 9 + 7) * 2 * 0.01 / 1000
    assert client.dollars == pytest.approx(billed, rel=1e-12)


@needs_promtool
def test_the_alerts_pass_their_generated_tests(tmp_path: Path) -> None:
    spec = {
        "version": 1,
        "system": "shop",
        "sources": {"aws": {"cloud": {"region": "eu-west-1", **WATCHED}}},
    }
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(spec))
    system = load([file], variables={})
    # Of each form one.
    names = {"EventBridgePipeStopped", "SchedulerInvocationsDropped", "EventBridgeReplayFailed"}
    assert names <= {alert.name for alert in alerts.ALERTS}
    tests: list[str] = []
    for tuned in [one for one in tuned_alerts(system) if one.name in names]:
        folder = tmp_path / tuned.name
        write(folder, {name: TARGETS[name]([tuned], system) for name in ("prometheus", "promtool")})
        tests += [str(path.relative_to(tmp_path)) for path in folder.glob("tests/*.yaml")]
    assert len(tests) == len(names)
    check_rules(sorted(tmp_path.glob("*/prometheus/*.yaml")))
    assert set(judged(tmp_path, tests).values()) == {True}
