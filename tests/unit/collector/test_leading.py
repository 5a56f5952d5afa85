"""What one leader leaves for the next, and what the next one takes of it."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from obs.collector.leading import handed_over, paid_slos, paid_sources, take_over, takes_part
from obs.spec.ha import HighAvailability
from obs.spec.load import load
from obs.spec.outputs import Outputs
from obs.spec.system import System
from obs.state import BucketRow, State

PAID, FREE = "shop/delivery", "shop/lag"
SOURCES = frozenset({"cloud"})
SPEC = """\
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://n:8222], connection: {servers: [nats://n:4222]}}}
  aws: {cloud: {region: us-east-1, buses: [{name: b}]}}
  canary:
    bus: {eventbridge: {source: cloud, bus: b, queue: q}}
    stream: {nats: {source: main, stream: S, subject: s.canary}}
slos:
  - {name: delivery, service: shop, objective: 99, sli: {eventbridge: {source: cloud, bus: b}}}
  - {name: seen, service: shop, objective: 99, sli: {canary: {source: bus, below: 5s}}}
  - name: lag
    service: shop
    objective: 99
    sli: {nats_lag: {source: main, stream: S, consumer: c, max_messages: 5}}
  - {name: both, service: shop, objective: 99, sli: {composite: {of: [lag, delivery]}}}
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC)
    return load([file], variables={})


def test_one_that_neither_spends_nor_pushes_takes_no_part(system: System) -> None:
    bucket = {"source": "main", "bucket": "obs-lease"}
    ha = HighAvailability.model_validate({"lease": {"nats": bucket}})
    with_ha = system.model_copy(update={"ha": ha})
    assert not takes_part(system, ["aws"])
    assert takes_part(with_ha, ["aws"])
    assert takes_part(with_ha, ["canary"])
    assert not takes_part(with_ha, ["nats"])
    otlp = Outputs.model_validate({"otlp": {"endpoint": "http://o:4318"}})
    assert takes_part(with_ha.model_copy(update={"outputs": otlp}), ["nats"])
    write = Outputs.model_validate({"remote_write": {"url": "http://127.0.0.1:9090/api/v1/write"}})
    assert takes_part(with_ha.model_copy(update={"outputs": write}), ["nats"])


def state(entries: dict[tuple[str, str], bytes], ledgers: dict[str, list[BucketRow]]) -> State:
    made = State(Path("memory"), None, lambda _: None)
    for (kind, key), value in entries.items():
        made.put(kind, key, value)
    for slo, rows in ledgers.items():
        made.put_buckets(slo, rows)
    assert made.flush()
    return made


@pytest.fixture
def leader() -> State:
    return state(
        {
            ("cloudwatch_total", "cloud\x1fb\x1fr\x1fInvocations"): b"total",
            ("aws_spending", "cloud"): b"dollars",
            ("nats_history", "main"): b"history",
            ("lease", "epoch"): b"1",
            ("slo", PAID): b"paid",
            ("slo", FREE): b"free",
        },
        {PAID: [(60, 60, 1.0, 2.0)], FREE: [(60, 60, 3.0, 3.0)]},
    )


def test_what_costs_money_is_known_from_the_spec(system: System) -> None:
    assert paid_sources(system) == {"cloud", "bus"}
    assert paid_slos(system) == {"shop/delivery", "shop/seen", "shop/both"}


def taken(leader: State, into: State, *, replaces: bool) -> str:
    body = handed_over(leader, SOURCES, frozenset({PAID}))
    told = take_over(into, body, SOURCES, replaces=replaces)
    assert into.flush()
    return told


def test_a_new_collector_takes_all_but_what_each_polls_itself(leader: State) -> None:
    new = state({}, {})
    assert taken(leader, new, replaces=True) == "2 SLOs and 2 counters"
    assert new.kinds() == ["aws_spending", "cloudwatch_total", "slo"]
    assert new.buckets(PAID) == [(60, 60, 1.0, 2.0)]
    assert new.buckets(FREE) == [(60, 60, 3.0, 3.0)]


def test_what_it_has_of_free_slos_stays(leader: State) -> None:
    own = state(
        {("slo", FREE): b"own", ("slo", PAID): b"old", ("aws_spending", "cloud"): b"old"},
        {FREE: [(60, 60, 0.0, 9.0)]},
    )
    assert taken(leader, own, replaces=True)
    assert own.entries("slo") == {FREE: b"own", PAID: b"paid"}
    assert own.buckets(FREE) == [(60, 60, 0.0, 9.0)]
    assert own.entries("aws_spending") == {"cloud": b"dollars"}


def test_one_that_stands_by_takes_nothing_of_what_costs_money(leader: State) -> None:
    own = state({("slo", PAID): b"own"}, {})
    assert taken(leader, own, replaces=False)
    assert own.entries("slo") == {FREE: b"free", PAID: b"own"}
    assert own.entries("aws_spending") == {}


@pytest.mark.parametrize(
    "change",
    [lambda body: b"", lambda body: b"?" + body, lambda body: body.replace(b"format", b"later")],
)
def test_what_is_not_readable_counts_for_nothing(
    leader: State, caplog: pytest.LogCaptureFixture, change: Callable[[bytes], bytes]
) -> None:
    body = change(handed_over(leader, SOURCES, frozenset({PAID})))
    new = state({}, {})
    with caplog.at_level(logging.WARNING):
        assert take_over(new, body, SOURCES, replaces=True) == ""
    assert "unreadable" in caplog.text
    assert new.flush()
    assert new.kinds() == []
