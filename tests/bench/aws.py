"""Requests, paid metrics, CPU and memory of an AWS source, beside YACE's for the same metrics.

`YACE=PATH python -m tests.bench.aws` starts an emulated AWS with rules, queues, Lambda functions
and SNS topics, has obs poll it six times, then yet-another-cloudwatch-exporter, which is not part
of this repository: build it from its sources. Without $YACE only obs is measured.
"""

import argparse
import io
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from obs.catalogue import aws as catalogue
from obs.catalogue import aws_functions, aws_topics
from obs.catalogue.metric import Metric
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, AwsEmulator
from obs.sandbox.process import Process, free_ports
from tests.bench.exporter_requests import Requests, counted
from tests.integration.collector_process import CollectorProcess, key, spec_of

POLLS: Final = 6
_MINUTE_IN_SMALL: Final = 12  # seconds
BUS: Final = "orders"
_HEALTHY: Final = frozenset(
    {
        *("Invocations", "TriggeredRules", "IngestionToInvocationSuccessLatency"),
        *("AsyncEventsReceived", "ConcurrentExecutions", "AsyncEventAge", "Duration"),
        *("NumberOfMessagesPublished", "NumberOfNotificationsDelivered"),
        *("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"),
    }
)
"""Metrics that have points where nothing ever failed."""
_MINUTES: Final = range(-10, 20)
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


@dataclass(frozen=True)
class Objects:
    """What there is to watch, and which metrics have points."""

    rules: int
    queues: int
    functions: int
    topics: int
    healthy: bool

    def create(self, endpoint_url: str) -> None:
        """Make all of it, and the points of the minutes around now."""
        rules = _named("rule", self.rules)
        aws_events.create_rules(endpoint_url, BUS, rules)
        for rule in rules:
            pairs = {"EventBusName": BUS, "RuleName": rule}
            self._put(endpoint_url, _RULE_METRICS, pairs)
        sqs = aws_events.aws("sqs", endpoint_url)
        for name in _named("queue", self.queues):
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="one")
            self._put(endpoint_url, _QUEUE_METRICS, {"QueueName": name})
        for name in _named("function", self.functions):
            _create_function(endpoint_url, name)
            self._put(endpoint_url, aws_functions.METRICS, {"FunctionName": name})
        for name in _named("topic", self.topics):
            aws_events.aws("sns", endpoint_url).create_topic(Name=name)
            self._put(endpoint_url, aws_topics.METRICS, {"TopicName": name})

    def _put(self, url: str, metrics: Sequence[Metric], of: Mapping[str, str]) -> None:
        """Points of a rule, queue, function or topic, at each of the minutes around now."""
        now = int(time.time()) // 60 * 60
        minutes = {now + 60 * each: 5.0 for each in _MINUTES}
        found = {metric.twin.metric for metric in metrics} - _NEVER
        points = {name: minutes for name in found if not self.healthy or name in _HEALTHY}
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        aws_events.put_points(url, metrics[0].twin.namespace, dimensions, points)

    @property
    def spec(self) -> dict[str, Any]:
        """What the source of our spec has to name. What else is watched belongs here."""
        return {
            "buses": [{"name": BUS}],
            "queues": ["queue-*"] if self.queues else [],
            "functions": ["function-*"] if self.functions else [],
            "topics": ["topic-*"] if self.topics else [],
        }

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The same for YACE."""
        jobs = [_job(_RULE_METRICS, ["EventBusName", "RuleName"])]
        if self.queues:
            jobs.append(_job(_QUEUE_METRICS, ["QueueName"]))
        if self.functions:
            jobs.append(_job(aws_functions.METRICS, ["FunctionName"]))
        if self.topics:
            jobs.append(_job(aws_topics.METRICS, ["TopicName"]))
        return jobs


_RULE_METRICS: Final = (*catalogue.RULE_METRICS, *catalogue.LATENCY_METRICS)
_QUEUE_METRICS: Final = (catalogue.QUEUE_VISIBLE, catalogue.QUEUE_OLDEST_AGE)
_NEVER: Final = frozenset({"InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"})
"""Metrics that no rule here has: none has a dead-letter queue."""


def _named(what: str, count: int) -> tuple[str, ...]:
    return tuple(f"{what}-{number:02}" for number in range(count))


def _create_function(endpoint_url: str, name: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return None\n")
    aws_events.aws("lambda", endpoint_url).create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )


def _job(metrics: Sequence[Metric], names: list[str]) -> dict[str, Any]:
    namespace = metrics[0].twin.namespace
    statistics: dict[str, set[str]] = {}
    for metric in metrics:
        statistics.setdefault(metric.twin.metric, set()).add(metric.twin.statistic)
    return {
        "name": namespace.replace("/", "-"),
        "namespace": namespace,
        "regions": [REGION],
        "dimensionNameRequirements": names,
        "period": 60,
        "length": 300,
        "delay": 120,
        "metrics": [
            {"name": name, "statistics": sorted(each)} for name, each in statistics.items()
        ],
    }


@dataclass(frozen=True)
class Measured:
    """One program over six polls; CPU in seconds, from its start on, memory in MB at most."""

    program: str
    requests: Mapping[str, int] = field(default_factory=dict)
    paid_metrics: int = 0
    cpu: float = 0.0
    memory: float = 0.0


def ours(requests: Requests, objects: Objects, folder: Path) -> Measured:
    """obs, after a run that leaves its bytecode, as an installation has it."""
    bytecode = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    _run(requests, objects, folder / "first", bytecode, polls=1)
    return _run(requests, objects, folder / "second", bytecode)


def _run(
    requests: Requests,
    objects: Objects,
    folder: Path,
    environment: Mapping[str, str],
    polls: int = POLLS,
) -> Measured:
    """A collector whose clock goes forward for each poll.

    A minute is a fifth of one, as is the time between listings: latencies are asked for at every
    fifth poll and rules are listed, as they are where polls are a minute apart.
    """
    source = {"endpoint_url": requests.url, "delay": "2m", "poll": "1s", "inventory_every": "1m"}
    spec = spec_of(folder, aws=source | objects.spec)
    collector = CollectorProcess(folder, spec, environment={**_ENVIRONMENT, **environment})
    requests.clear()
    polled = key("obs_source_polls_total", source="aws")
    collector.start()
    try:
        for done in range(1, polls + 1):
            before = requests.total if done > 1 else 0
            _wait(  # what is asked has to answer, which costs it CPU: only where it has polled
                lambda: (
                    requests.total > before and collector.scrape()[polled] >= done  # noqa: B023
                )
            )
            collector.clock.shift += _MINUTE_IN_SMALL - 1
        assert collector.process.pid is not None
        return _measured("obs", collector.process.pid, requests)
    finally:
        collector.kill()


def yace(binary: Path, requests: Requests, objects: Objects, folder: Path) -> Measured:
    """YACE, which polls as often."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "yace.json"
    config.write_text(json.dumps({"apiVersion": "v1alpha1", "customNamespace": objects.jobs}))
    (port,) = free_ports(1)
    process = Process(
        [
            *(str(binary), "--config.file", str(config), "--scraping-interval", "1"),
            *("--listen-address", f"127.0.0.1:{port}"),
        ],
        folder / "yace.log",
        env={**_ENVIRONMENT, "AWS_ENDPOINT_URL": requests.url},
    )
    requests.clear()
    process.start()
    try:
        wanted = POLLS * len(objects.jobs)
        try:
            _wait(lambda: requests.by_operation["GetMetricData"] >= wanted)
        except TimeoutError:
            raise SystemExit(process.tail()) from None
        assert process.pid is not None
        return _measured("YACE", process.pid, requests)
    finally:
        process.kill()


def _measured(program: str, pid: int, requests: Requests) -> Measured:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Measured(
        program,
        dict(requests.by_operation),
        requests.paid_metrics,
        (int(fields[11]) + int(fields[12])) / _TICKS,
        int(peak.split()[1]) / 1024,
    )


def _wait(until: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not until():
        if time.monotonic() > ends:
            raise TimeoutError("not done in time")
        time.sleep(0.25)


@contextmanager
def _cloud(objects: Objects) -> Iterator[Requests]:
    with AwsEmulator() as emulator, counted(emulator.endpoint_url) as requests:
        objects.create(emulator.endpoint_url)
        yield requests


def table(measured: Sequence[Measured]) -> str:
    """The figures as a Markdown table."""
    rows = ["| | requests | paid metrics | CPU | memory |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.program} | {sum(each.requests.values())} | {each.paid_metrics} "
        f"| {each.cpu:.2f} s | {each.memory:.0f} MB |"
        for each in measured
    ]
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--queues", type=int, default=10)
    parser.add_argument("--functions", type=int, default=10)
    parser.add_argument("--topics", type=int, default=5)
    parser.add_argument("--healthy", action="store_true", help="nothing ever failed")
    arguments = parser.parse_args()
    counts = (arguments.rules, arguments.queues, arguments.functions, arguments.topics)
    objects = Objects(*counts, arguments.healthy)
    binary = os.environ.get("YACE")
    with tempfile.TemporaryDirectory() as folder, _cloud(objects) as requests:
        found = [ours(requests, objects, Path(folder) / "obs")]
        if binary:
            found.append(yace(Path(binary), requests, objects, Path(folder) / "yace"))
    print(table(found))
    for each in found:
        named = ", ".join(f"{name} {count}" for name, count in sorted(each.requests.items()))
        print(f"\n{each.program}: {named}")


if __name__ == "__main__":
    main()
