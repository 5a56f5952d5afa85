"""Canaries in a spec: every mistake with its line and what would be right."""

from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.spec.load import load
from obs.spec.system import System

HEAD = """\
version: 1
system: shop
sources:
  nats:
    main: {connection: {servers: ["nats://nats:4222"]}}
    mute: {monitor: ["http://nats:8222"]}
  aws: {cloud: {region: us-east-1, buses: [{name: shop}]}}
  canary:
"""
NATS = "    orders: {nats: {source: main, stream: ORDERS, subject: orders.canary}}\n"
BUS = "    bus: {eventbridge: {source: cloud, bus: shop, queue: shop-canary}}\n"


def loaded(folder: Path, canaries: str) -> System:
    file = folder / "spec.yaml"
    file.write_text(HEAD + canaries)
    return load([file], variables={})


def test_a_canary_knows_the_connection_and_the_account_that_it_names(tmp_path: Path) -> None:
    system = loaded(tmp_path, NATS + BUS)
    orders, bus = system.sources.canary.values()
    assert orders.connection is system.sources.nats["main"].connection
    assert orders.connection_at == "sources.nats.main.connection"
    assert bus.aws is system.sources.aws["cloud"]


@pytest.mark.parametrize(
    ("canary", "said"),
    [
        ("{}", "needs exactly one path of nats, eventbridge; has none"),
        (
            "{nats: {source: mian, stream: S, subject: s}}",
            "no NATS source 'mian'; choose from main, mute",
        ),
        ("{nats: {source: mute, stream: S, subject: s}}", "add sources.nats.mute.connection"),
        (
            "{nats: {source: main, account: A, stream: S, subject: s}}",
            "no connection of 'A'; choose from $G",
        ),
        ("{nats: {source: main, stream: S, subject: 's.*'}}", "a subject without wildcards"),
        (
            "{nats: {source: main, stream: S, subject: s, consumer: a, through: b}}",
            "through is set as well; keep one of them",
        ),
        (
            "{every: 1s, nats: {source: main, stream: S, subject: s}}",
            "5s is longer than every, 1s; write at most that",
        ),
        ("{eventbridge: {source: main, bus: b, queue: q}}", "no AWS source 'main'"),
        (
            "{eventbridge: {source: cloud, bus: b, queue: q, event_source: aws.s3}}",
            "do not begin with aws.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, canary: str, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        loaded(tmp_path, f"    wrong: {canary}\n")
    assert said in str(raised.value)
    assert "spec.yaml:9: sources.canary.wrong" in str(raised.value)


def test_an_slo_cannot_wait_for_longer_than_an_event_is_waited_for(tmp_path: Path) -> None:
    slo = (
        "slos: [{name: a, service: b, objective: 99, sli: {canary: {source: orders, below: 31s}}}]"
    )
    with pytest.raises(BadInput) as raised:
        loaded(tmp_path, f"{NATS}{slo}\n")
    said = "below: 31s is longer than lost_after of canary 'orders', 30s; write at most that"
    assert said in str(raised.value)


def test_the_policy_allows_the_one_event_on_the_one_bus(tmp_path: Path) -> None:
    policy = policy_for("collector", loaded(tmp_path, BUS), PolicyOptions(account="1" * 12))
    publish, receive = policy.statements[-2:]
    assert publish.resources == (f"arn:aws:events:us-east-1:{'1' * 12}:event-bus/shop",)
    assert {each.key: each.values for each in publish.conditions} == {
        "events:source": ("obs.canary",),
        "events:detail-type": ("obs canary",),
    }
    assert receive.resources == (f"arn:aws:sqs:us-east-1:{'1' * 12}:shop-canary",)
