"""A small OMS that is ready for production: NATS, AWS, Prometheus and a collector."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest

from obs.checks.catalogue import BY_NAME
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, CheckResult, Outcome
from obs.checks.run import run
from obs.cli.main import main
from obs.clients.aws import AwsClient
from obs.iam.policy import document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, ACCOUNT, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_events import aws
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.oms_streams import PROCESSOR, STREAM, create_streams
from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.advice_runner import AdviceRunner
from tests.integration.applying import Server
from tests.integration.collector_process import CollectorProcess, key
from tests.integration.grafana_api import Grafana
from tests.integration.waiting import PATIENCE, eventually

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:oms-alerts"
TOKEN = "glsa-of-the-tests"
ROLES = {
    part: f"arn:aws:iam::{ACCOUNT}:role/oms-{part}"
    for part in ("collector", "publisher", "dlq-processor")
}
_BAD = (Outcome.FAILED, Outcome.WARNED)


@dataclass
class Ready:
    """The system, and what a test changes it by."""

    folder: Path
    emulator: AwsEmulator
    server: NatsServer
    prometheus_url: str
    grafana: Grafana
    collector: CollectorProcess
    spec_file: Path
    system: System = field(init=False)
    advised: AdviceRunner = field(init=False)
    clients: dict[str, AwsClient] = field(init=False)

    def __post_init__(self) -> None:
        self.system = load([self.spec_file])
        sources = self.system.sources.aws.items()
        # Kept: opening one takes longer than most checks.
        self.clients = {name: AwsClient(spec, time.monotonic) for name, spec in sources}
        self.advised = AdviceRunner(
            self.emulator.endpoint_url, self.server.url, self.spec_file, self.folder
        )

    def aws(self, service: str) -> Any:
        return aws(service, self.emulator.endpoint_url)

    def result(self, check: str) -> CheckResult:
        """What one check finds now."""
        return run(self.system, [BY_NAME[check]], partial(CheckContext, clients=self.clients))[0]

    def becomes_wrong(self, check: str, resource: str) -> CheckFinding:
        """The most severe finding on a resource that is not right, once there is one."""

        def bad() -> list[CheckFinding]:
            found = [
                each
                for each in self.result(check).findings
                if resource in each.resource and each.outcome in _BAD
            ]
            return sorted(found, key=lambda each: _BAD.index(each.outcome))

        return eventually(bad)[0]

    def becomes_right(self, check: str, timeout: float = PATIENCE) -> None:
        """Wait until the check passes; fails with what it finds instead."""
        deadline = time.monotonic() + timeout
        while (result := self.result(check)).outcome is not Outcome.PASSED:
            assert time.monotonic() < deadline, result
            time.sleep(0.1)

    def jetstream(self, subject: str, body: object = None) -> Any:
        """One request to JetStream's API."""

        async def ask() -> Any:
            client = await nats.connect(self.server.url)
            data = json.dumps(body).encode() if body is not None else b""
            answer = json.loads((await client.request(f"$JS.API.{subject}", data)).data)
            await client.close()
            assert "error" not in answer, answer
            return answer

        return asyncio.run(ask())

    def reload_prometheus(self) -> None:
        request = urllib.request.Request(f"{self.prometheus_url}/-/reload", method="POST")
        urllib.request.urlopen(request, timeout=5).close()


def _spec(
    folder: Path, endpoint_url: str, server: NatsServer, stacks: dict[str, Any], port: int
) -> dict[str, Any]:
    consumer = {"source": "main", "stream": STREAM, "consumer": PROCESSOR}
    rules = list(aws_events.RULES)
    return {
        "version": 1,
        "system": "oms",
        "state_dir": str(folder / "state"),
        "sources": {
            "nats": {
                "main": {
                    "monitor": [server.monitor],
                    "poll": "500ms",
                    "streams": {"include": [STREAM]},
                    "expects": {
                        STREAM: {
                            "max_age": "1h",
                            "replicas": 1,
                            "consumers": {
                                PROCESSOR: {"max_deliver": 3, "ack_wait": "30s"},
                                "oms-audit": {"max_deliver": "unlimited"},
                            },
                        }
                    },
                    "connection": {"servers": [server.url], "advisory_stream": "ADVISORIES"},
                }
            },
            "aws": {
                "cloud": {
                    "region": "us-east-1",
                    "endpoint_url": endpoint_url,
                    "role_arn": ROLES["collector"],
                    "poll": "1s",
                    "delay": "0s",
                    "buses": [{"name": aws_events.BUS, "rules": rules}],
                    "queues": [aws_events.DEAD_LETTER_QUEUE],
                }
            },
        },
        "slos": [
            {
                "name": "event-delivery",
                "service": "oms",
                "objective": 99.9,
                "sli": {"eventbridge": {"source": "cloud", "bus": aws_events.BUS}},
            },
            {
                "name": "processing",
                "service": "oms",
                "objective": 99,
                "sli": {"nats_delivery": consumer},
            },
        ],
        "notify": {
            "receivers": {"topic": {"sns": {"topic_arn": TOPIC}}},
            "routes": {"critical": {"to": ["topic"]}, "warning": {"to": ["topic"]}},
        },
        "stacks": stacks,
        "checks": {
            "roles": {part: ROLES[part] for part in ("publisher", "dlq-processor")},
        },
        "outputs": {
            "web": {"listen": f"127.0.0.1:{port}"},
            "cloudwatch": {"source": "cloud", "namespace": "OMS/Events", "every": "1s"},
        },
    }


@pytest.fixture(scope="module")
def ready(emulator: AwsEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    folder = tmp_path_factory.mktemp("ready")
    emulator.reset()
    prometheus_port, port = free_ports(2)
    prometheus = f"http://127.0.0.1:{prometheus_port}"
    grafana = Grafana(TOKEN)
    with (
        pytest.MonkeyPatch.context() as patch,
        NatsServer(folder / "nats") as server,
        Server(grafana) as grafana_server,
    ):
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        patch.setenv("GRAFANA_TOKEN", TOKEN)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        stacks = {
            "prometheus": {"url": prometheus, "rules_dir": str(folder / "rules")},
            "grafana": {"url": grafana_server.url, "token": "${GRAFANA_TOKEN}"},
        }
        spec = _spec(folder, emulator.endpoint_url, server, stacks, port)
        collector = CollectorProcess(folder / "collector", spec)
        collector.spec_file.write_text(json.dumps(spec))
        (folder / "rules").mkdir()
        watching = _prometheus(folder, prometheus_port, port)
        made = Ready(folder, emulator, server, prometheus, grafana, collector, collector.spec_file)
        try:
            _set_up_aws(made)
            asyncio.run(_set_up_nats(server))
            watching.start()
            collector.start()
            connected = key("obs_source_up", source="main/connection")
            collector.until(lambda scrape: scrape.get(connected) == 1)
            collector.polls("main")
            asyncio.run(_deliver(server))
            collector.polls("main")
            collector.clock.turn()  # SLOs tell of whole minutes
            eventually(lambda: _answers(prometheus))
            for of, target in (
                ("alerts", "prometheus"),
                ("alerts", "cloudwatch"),
                ("dashboards", "grafana"),
            ):
                apply = [of, "apply", "--target", target, "--yes"]
                assert main([*apply, "--spec", str(collector.spec_file)]) == 0
            for check in ("scrape", "slo-data", "alarm-metrics"):
                made.becomes_right(check)
            yield made
        finally:
            for client in made.clients.values():
                client.close()
            collector.kill()
            watching.stop()
            print(collector.log)  # noqa: T201  shown with a test that fails


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
    except OSError:
        return False
    return True


def _prometheus(folder: Path, port: int, collector: int) -> Process:
    binary = prometheus_binary()
    assert binary
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules" / "*.yaml")],
        "scrape_configs": [
            {"job_name": "obs", "static_configs": [{"targets": [f"127.0.0.1:{collector}"]}]}
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    return Process(
        [
            binary,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
        ],
        folder / "prometheus.log",
    )


def _set_up_aws(ready: Ready) -> None:
    url = ready.emulator.endpoint_url
    aws_events.create_oms(url)
    now = int(ready.collector.clock.now) // 60 * 60
    for rule in aws_events.RULES:
        points = {"Invocations": {now - 600: 500.0, now - 120: 50.0}}
        aws_events.put_rule_points(url, aws_events.BUS, rule, points)
    sns, iam = ready.aws("sns"), ready.aws("iam")
    sns.create_topic(Name="oms-alerts")
    queue = aws_events.queue_arn(aws_events.DEAD_LETTER_QUEUE)
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    for part, arn in ROLES.items():
        name = arn.rpartition("/")[2]
        needed = policy_for(part, ready.system, PolicyOptions(source="cloud"))
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(
            RoleName=name, PolicyName=f"obs-{part}", PolicyDocument=json.dumps(document(needed))
        )


async def _set_up_nats(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    jetstream = client.jetstream()
    await create_streams(jetstream)
    await client.close()


async def _deliver(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    jetstream = client.jetstream()
    for _ in range(5):
        await jetstream.publish("oms.events.object.created", b"{}")
    pull = await jetstream.pull_subscribe_bind(consumer=PROCESSOR, stream=STREAM)
    for message in await pull.fetch(5):
        await message.ack_sync()
    await client.close()
