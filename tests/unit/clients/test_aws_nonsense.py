"""Answers of AWS that have the right types and no sense, given to everything that reads them."""

import itertools
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from obs.checks.aws.catalogue import CHECKS as AWS_CHECKS
from obs.checks.context import CheckContext
from obs.checks.run import run
from obs.clients.aws import AwsClient
from obs.clients.aws_answers import Answer, checked
from obs.errors import SourceError
from obs.sources.aws.eventbridge import EventBridge
from obs.spec.aws import AwsSource
from obs.spec.load import load
from obs.spec.stacks import AmpStack
from obs.spec.system import System
from obs.stacks.amp import Amp
from obs.stacks.cloudwatch import CloudWatchAlarms
from tests.unit.stacks.aws_account import model

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"
ARN = "arn:aws:sqs:us-east-1:000000000000:q"
TEXTS = ("", "x", "5", "oms-events", ARN, "a:b", "[" * 2_000, "{}", "\x1b[31mred\n", "9" * 5_000)
SANE = ("x", "oms-events", ARN, ARN)
ROUNDS = 150


class Nonsense:
    """A session whose answers are made by chance from botocore's models of them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = SANE if seed % 3 else TEXTS

    def call(self, service: str, operation: str, **parameters: Any) -> Answer:
        shape = model(service).operation_model(operation).output_shape
        answer = {} if shape is None else self._structure(shape, 0)
        for token in ("NextToken", "nextToken", "Marker", "NextMarker"):
            answer.pop(token, None)
        if operation == "GetMetricData":
            answer.setdefault("MetricDataResults", [])
        answer["ResponseMetadata"] = {"RequestId": "1"}
        return checked(answer, shape, operation)

    def close(self) -> None:
        pass

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        often = self._random.random() < 0.7
        return {
            name: self._value(member, depth + 1)
            for name, member in shape.members.items()
            if often or self._random.random() < 0.7
        }

    def _value(self, shape: Any, depth: int) -> Any:
        chance = self._random
        match shape.type_name:
            case "structure":
                return self._structure(shape, depth) if depth < 8 else {}
            case "list":
                count = chance.choice((0, 1, 2)) if depth < 8 else 0
                return [self._value(shape.member, depth + 1) for _ in range(count)]
            case "map":
                return {chance.choice(self._texts): chance.choice(self._texts)}
            case "boolean":
                return chance.random() < 0.5
            case "integer" | "long":
                return chance.choice((0, -1, 1 << 70))
            case "float" | "double" | "timestamp":
                return chance.choice((0.0, -1.0, float("nan"), float("inf"), 1e308))
            case "blob":
                return chance.choice(self._texts).encode()
            case _:
                return chance.choice((*(shape.enum or ()), *self._texts))


@pytest.fixture(scope="module")
def system() -> System:
    return load([OMS], variables={"NATS_PASSWORD": "x"})


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsClient]:
    """Clients with another seed each."""
    seeds = itertools.count()
    monkeypatch.setattr(AwsClient, "_session", property(lambda self: self.nonsense))
    spec = AwsSource.model_validate({"region": "us-east-1", "queues": ["a*", "b"]})

    def clients() -> Iterator[AwsClient]:
        for _ in range(ROUNDS):
            client = AwsClient(spec, lambda: 0.0)
            client.nonsense = Nonsense(next(seeds))  # type: ignore[attr-defined]
            yield client

    return clients()


def said(act: Callable[[], object]) -> str:
    """What a SourceError says; anything else that is raised fails the test."""
    try:
        act()
    except SourceError as error:
        return str(error)
    return ""


def given(opened: CheckContext, system: System) -> CheckContext:
    return opened


def test_a_poll_of_nonsense_is_a_snapshot_or_a_source_error(clients: Iterator[AwsClient]) -> None:
    for client in clients:
        chosen = ("a*", "b")
        spec = AwsSource(
            region="us-east-1",
            queues=chosen,
            functions=chosen,
            topics=chosen,
            targets=True,
            put_events=True,
        )
        source = EventBridge("aws", spec, client, lambda: 1_800_000_000.0)
        for act in (source.poll, source.estimate):
            assert said(act).isprintable()


def test_checks_of_nonsense_are_findings(system: System, clients: Iterator[AwsClient]) -> None:
    for client in itertools.islice(clients, 20):
        opened = CheckContext(system, {"cloud": client, "cluster": client})
        for result in run(system, AWS_CHECKS, partial(given, opened)):
            assert result.findings


def test_a_plan_from_nonsense_is_a_plan_or_a_source_error(system: System) -> None:
    amp = AmpStack(workspace="ws-1a2b3c4d", region="us-east-1")
    for seed in range(60):
        for stack in (
            CloudWatchAlarms(system, "cloud", opened=Nonsense(seed), pause=lambda seconds: None),
            Amp(system, amp, opened=Nonsense(seed), pause=lambda seconds: None),
        ):
            assert said(stack.plan).isprintable()
