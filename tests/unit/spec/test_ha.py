"""ha: which of several collectors leads."""

from pathlib import Path

import pytest

from obs.spec.load import load
from obs.spec.report import InvalidSpec

HEAD = "version: 1\nsystem: shop\nsources:\n"
NATS = "  nats: {main: {monitor: [http://n:8222], connection: {servers: [nats://n:4222]}}}\n"
BUS = "  aws: {cloud: {region: us-east-1}}\n"
CANARY = """\
  canary:
    bus:
      eventbridge: {source: cloud, bus: b, queue: q, lease: {source: main, bucket: obs}}
"""
BUCKET = "lease: {nats: {source: main, bucket: obs}}"


def problem(folder: Path, text: str) -> str:
    file = folder / "obs.yaml"
    file.write_text(text)
    with pytest.raises(InvalidSpec) as caught:
        load([file], variables={})
    (found,) = caught.value.problems
    return f"{found.line}: {found.field}: {found.message}"


def test_the_lease_finds_its_connection(tmp_path: Path) -> None:
    file = tmp_path / "obs.yaml"
    file.write_text(f"{HEAD}{NATS}ha: {{{BUCKET}}}\n")
    ha = load([file], variables={}).ha
    assert ha
    assert (ha.ttl, ha.lease.kind) == (15, "nats")
    assert ha.lease.connection
    assert ha.lease.connection.servers == ("nats://n:4222",)
    assert ha.lease.connection_at == "sources.nats.main.connection"


@pytest.mark.parametrize(
    ("ha", "said"),
    [
        ("lease: {}", "ha.lease: needs exactly one of nats, kubernetes, dynamodb; has none"),
        (
            "lease: {kubernetes: {}, nats: {source: main, bucket: b}}",
            "ha.lease: needs exactly one of nats, kubernetes, dynamodb; has nats and kubernetes",
        ),
        (
            "lease: {nats: {source: mian, bucket: b}}",
            "ha.lease.nats.source: no NATS source 'mian'; choose from main",
        ),
        (
            "lease: {dynamodb: {source: cloud, table: obs}}",
            "ha.lease.dynamodb.source: no AWS source 'cloud': the spec has none; add it to sources",
        ),
        (
            "lease: {kubernetes: {url: 'http://k:6443'}}",
            "ha.lease.kubernetes.url: the token needs https://",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is(tmp_path: Path, ha: str, said: str) -> None:
    assert problem(tmp_path, f"{HEAD}{NATS}ha: {{{ha}}}\n") == f"5: {said}"


def test_a_canary_needs_no_lease_beside_it(tmp_path: Path) -> None:
    text = f"{HEAD}{NATS}{BUS}{CANARY}ha: {{{BUCKET}}}\n"
    assert problem(tmp_path, text) == (
        "8: sources.canary.bus.eventbridge.lease: remove it: with ha only the leader publishes to "
        "EventBridge"
    )
