"""PutEvents, Lambda functions and SNS topics through the running collector and a real emulator."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from obs.alerts.definitions import aws_targets
from obs.alerts.targets import TARGETS, build
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import write
from obs.catalogue import aws_functions, aws_put_events, aws_topics
from obs.catalogue.metric import Kind, Metric
from obs.checks.aws.eventbridge import judge_rules
from obs.checks.aws.eventbridge_live import read_eventbridge
from obs.checks.finding import Outcome
from obs.clients.prometheus import Prometheus
from obs.errors import SourceError
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, REGION
from obs.sandbox.aws_faults import Fault
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.snapshot.aws_services import Resource
from obs.spec.load import load
from tests.integration.aws_fixtures import Account, Fed, account, emulator, proxy
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    collectors,
    key,
    named,
    spec_of,
)
from tests.integration.promtool import check_rules, judged, needs_promtool
from tests.integration.waiting import eventually

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

BINARY = prometheus_binary()
PREFIXES = ("eventbridge_put_events_", "lambda_", "sns_")
METRICS = (*aws_put_events.METRICS, *aws_functions.METRICS, *aws_topics.METRICS)
HOUR = 3600
WATCHED = {
    "put_events": True,
    "functions": ["orders-*", "billing"],
    "topics": ["alerts", "gone"],
    "targets": True,
}

ALL = {"region": "eu-west-1", "put_events": True, "functions": ["*"], "topics": ["*"]}


class Feed(Fed[tuple[str, Metric]]):
    """What CloudWatch was fed for objects of services, and the counters that follow from it."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def put(self, name: str, metric: Metric, points: Mapping[int, float]) -> None:
        """Publish points; for a minute that has one, its correction. `name` "": the account."""
        twin = metric.twin
        dimensions = [{"Name": each, "Value": name} for each, _ in twin.dimensions]
        fed = {twin.metric: dict(points)}
        aws_events.put_points(self._account.endpoint_url, twin.namespace, dimensions, fed)
        self.note((name, metric), points)

    def counters(self, names: Mapping[tuple[str, ...], tuple[str, ...]], since: int) -> Scrape:
        """What the counters that began at `since` must show, for the names by their labels."""
        return {
            key(metric.name, **labels_of(metric, name)): self.total((name, metric), since)
            for metric in METRICS
            if metric.kind is Kind.COUNTER
            for name in names[metric.labels]
        }


def labels_of(metric: Metric, name: str) -> dict[str, str]:
    return dict(zip(metric.labels, ("aws", name), strict=False))


def of_services(scrape: Scrape) -> Scrape:
    return {
        sample: value
        for prefix in PREFIXES
        for sample, value in named(scrape, prefix).items()
        if sample[0].endswith("_total")
    }


def create_function(account: Account, name: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return None\n")
    aws_events.aws("lambda", account.endpoint_url).create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )


@pytest.fixture
def shop(account: Account) -> Account:
    """Functions and topics, and a rule with targets of which one is in another region."""
    for name in ("orders-paid", "orders-sent", "billing", "unrelated"):
        create_function(account, name)
    sns = aws_events.aws("sns", account.endpoint_url)
    for name in ("alerts", "fan-out", "others"):
        sns.create_topic(Name=name)
    events = aws_events.aws("events", account.endpoint_url)
    events.put_rule(Name="shop", EventPattern='{"source": ["shop"]}')
    arns = (
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:targeted:live",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:fan-out",
        f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:far",
    )
    targets = [{"Id": f"t{number}", "Arn": arn} for number, arn in enumerate(arns)]
    events.put_targets(Rule="shop", Targets=targets)
    return account


NAMES = {
    aws_put_events.PUBLISHING: ("",),
    aws_functions.FUNCTION: ("billing", "orders-paid", "orders-sent", "targeted"),
    aws_topics.TOPIC: ("alerts", "fan-out"),
}


def collecting(
    account: Account, folder: Path, collectors: list[CollectorProcess], **fields: object
) -> CollectorProcess:
    source = {"endpoint_url": account.faults.endpoint_url, "buses": [{"name": "default"}]}
    collector = CollectorProcess(folder, spec_of(folder, aws=source | fields))
    collectors.append(collector)
    return collector


LEVELS = {
    # metric: value fed in AWS' unit, value in ours
    aws_put_events.LATENCY_MAX: (600.0, 0.6),
    aws_put_events.REQUEST_SIZE_MAX: (2_048.0, 2_048.0),
    aws_functions.CONCURRENT_MAX: (7.0, 7.0),
    aws_functions.ASYNC_AGE_MAX: (61_000.0, 61.0),
    aws_functions.DURATION_P99: (250.0, 0.25),
}


Asked = Callable[[str], list[dict[str, str]]]


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[CollectorProcess], Asked]]:
    """Starts a Prometheus beside a collector with the rules built of its spec; says what has
    series there."""
    folder = tmp_path / "prometheus-server"
    servers: list[PrometheusProcess] = []

    def start(collector: CollectorProcess) -> Asked:
        assert BINARY
        write(folder, build(load([collector.spec_file], variables={}), ["prometheus"]))
        target = collector.url.removeprefix("http://")
        rules = Rules(str(folder / "prometheus/*.yaml"), "127.0.0.1:1")
        servers.append(PrometheusProcess(BINARY, folder, target, rules=rules, every=1))
        servers[0].start()
        client = Prometheus(servers[0].url)

        def ask(query: str) -> list[dict[str, str]]:
            try:
                return [dict(series.labels) for series in client.query(query, time.time())]
            except SourceError:  # it is starting
                return []

        return ask

    yield start
    for server in servers:
        server.stop()


@pytest.mark.skipif(BINARY is None, reason="no Prometheus is installed")
def test_numbers_are_what_was_fed_and_alerts_fire(
    shop: Account,
    tmp_path: Path,
    collectors: list[CollectorProcess],
    prometheus: Callable[[CollectorProcess], Asked],
) -> None:
    collector, feed = collecting(shop, tmp_path, collectors, **WATCHED), Feed(shop)
    first = collector.clock.turn()

    def counted() -> Scrape:
        expected = feed.counters(NAMES, first)
        return collector.until(lambda scrape: of_services(scrape) == expected)

    feed.put("billing", aws_functions.ERRORS, {first - 60: 77.0})
    collector.start()
    # Known resources have zeros; what happened before the first start is not counted.
    scrape = counted()
    assert set(of_services(scrape).values()) == {0.0}
    assert scrape[key("lambda_concurrent_executions_max", aws="aws", function="billing")] == 0.0
    assert scrape[key("lambda_timeout_seconds", aws="aws", function="billing")] == 3.0
    assert named(scrape, "lambda_async_event_age") == {}
    assert scrape[key("obs_series_dropped_total", source="aws", reason="elsewhere")] > 0
    gone = {"source": "aws", "kind": "topic", "object": "gone"}
    assert scrape[key("obs_spec_object_missing", **gone)] == 1.0
    asked = prometheus(collector)
    eventually(lambda: asked("sns_notifications_failed_total"))
    for number, metric in enumerate(METRICS, 1):
        if metric.kind is Kind.COUNTER:
            for extra, name in enumerate(NAMES[metric.labels]):
                feed.put(name, metric, {first: 10.0 * number + extra})
    for metric, (value, _) in LEVELS.items():
        feed.put(NAMES[metric.labels][0], metric, {first: value})
    counted()
    at_once = {alert.name for alert in aws_targets.ALERTS if not alert.hold}

    def all_fire() -> bool:
        found = {labels["alertname"] for labels in asked('ALERTS{alertstate="firing"}')}
        return at_once <= found

    eventually(all_fire)

    second = collector.clock.turn(3)
    feed.put("alerts", aws_topics.FAILED, {second - 60: 5.0, first: 3.0})  # late, and corrected
    feed.put("unrelated", aws_functions.ERRORS, {second: 99.0})
    scrape = counted()
    assert {
        metric: scrape.get(key(metric.name, **labels_of(metric, NAMES[metric.labels][0])))
        for metric in LEVELS
    } == {metric: value for metric, (_, value) in LEVELS.items()}
    collector.kill()
    feed.put("", aws_put_events.FAILED_ENTRIES, {first: 2.0, second: 4.0})  # meanwhile
    third = collector.clock.turn(8 * 60)  # longer than counters look back
    feed.put("orders-paid", aws_functions.THROTTLES, {third - 4 * HOUR - 60: 8.0, third - 60: 1.0})
    collector.start()
    counted()


@needs_promtool
def test_the_alerts_pass_their_generated_tests(tmp_path: Path) -> None:
    spec = {"version": 1, "system": "shop", "sources": {"aws": {"cloud": ALL}}}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(spec))
    system = load([file], variables={})
    # Of each form one; the others are increases that fire in the Prometheus above.
    names = {alert.name for alert in aws_targets.ALERTS if alert.hold}
    names |= {"LambdaErrorRateHigh", "EventBridgePutEventsFailing"}
    alerts = [tuned for tuned in tuned_alerts(system) if tuned.name in names]
    assert len(alerts) == len(names) == 6
    tests: list[str] = []
    for tuned in alerts:  # alone: a test evaluates all rules of its file
        folder = tmp_path / tuned.name
        built = {name: TARGETS[name]([tuned], system) for name in ("prometheus", "promtool")}
        write(folder, built)
        tests += [str(path.relative_to(tmp_path)) for path in folder.glob("tests/*.yaml")]
    check_rules(sorted(tmp_path.glob("*/prometheus/*.yaml")))
    assert set(judged(tmp_path, tests).values()) == {True}


def test_a_poll_asks_in_one_request_what_the_estimate_says(shop: Account) -> None:
    source, client = shop.source(**WATCHED)
    estimated = source.estimate()
    source.poll()
    assert client.requests["GetMetricData"] == 1
    # 5 metrics of the rule, which has no dead-letter queue; 7 of PutEvents; 10 of each of 4
    # functions; 6 of each of 2 topics. Two statistics of a metric are one.
    polled = (5 + 7 + 4 * 10 + 2 * 6) * 0.01 / 1000
    assert client.dollars == pytest.approx(polled, rel=1e-12)
    latencies = 0.01 / 1000 * 730 * 12  # of the rule, every five minutes if it is busy
    assert estimated.dollars == pytest.approx(polled * 730 * 60 + latencies, rel=1e-12)


def test_what_the_spec_does_not_ask_for_is_not_asked_of_aws(shop: Account) -> None:
    before = dict(shop.faults.seen)
    source, client = shop.source()
    snapshot = source.poll()
    assert snapshot.services.resources == ()
    assert client.dollars == pytest.approx(5 * 0.01 / 1000, rel=1e-12)
    asked = {name for name, count in shop.faults.seen.items() if count > before.get(name, 0)}
    assert asked == {"ListEventBuses", "ListRules", "ListTargetsByRule", "GetMetricData"}
    assert set(client.requests) == asked


def test_a_service_that_may_not_be_listed_leaves_the_others_working(shop: Account) -> None:
    shop.faults.start_fault(Fault.DENIED, "ListTopics")
    source, _ = shop.source(functions=["orders-*"], topics=["alerts", "fan-*"])
    snapshot = source.poll()
    assert snapshot.services.resources == (
        Resource("function", "orders-paid"),
        Resource("function", "orders-sent"),
        Resource("topic", "alerts"),  # its name is known without a list
    )
    assert snapshot.left_out == {"unlisted": 1}
    assert snapshot.names is not None
    assert snapshot.names.others["topic"] is None


def test_obs_check_names_functions_and_topics_that_do_not_exist(
    shop: Account, tmp_path: Path
) -> None:
    source = {"endpoint_url": shop.endpoint_url, "functions": ["biling"], "topics": ["gone-*"]}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(spec_of(tmp_path, aws=source)))
    _, client = shop.source()
    facts = read_eventbridge(client, load([file], variables={}), "aws")
    missing, unmatched = [found for found in judge_rules(facts) if "names" in found.what]
    assert (missing.outcome, missing.advice) == (
        Outcome.FAILED,
        "create this function, or correct sources.aws.aws.functions[0]",
    )
    assert missing.what == (
        "Function biling, which the spec names, does not exist in us-east-1; did you mean billing?"
    )
    assert unmatched.outcome is Outcome.WARNED
    assert unmatched.what == "No topic in us-east-1 matches gone-*, which the spec names"
