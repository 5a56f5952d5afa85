import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from obs.clients.http import Http
from obs.sandbox.nats_server import NatsCluster
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.polled_cluster import PolledCluster
from obs.spec.nats import NatsSource
from tests.integration.leaders import leaders
from tests.integration.waiting import answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration

CONSUMERS = [f"c{number}" for number in range(8)]
MESSAGES = 50


@pytest.fixture
def http() -> Iterator[Http]:
    with closing(Http(timeout=3)) as http:
        yield http


@pytest.fixture
def source(nats_cluster: NatsCluster, http: Http) -> Iterator[PolledCluster]:
    """All servers listed."""
    monitor = tuple(member.monitor for member in nats_cluster.members)
    with closing(cluster_by_http("main", NatsSource(monitor=monitor), http, time.time)) as source:
        yield source


async def replicated(cluster: NatsCluster) -> JetStreamContext:
    """An R3 stream with R3 consumers, the first of which has taken and acknowledged messages."""
    servers = [member.url for member in cluster.members]
    js = (await nats.connect(servers, max_reconnect_attempts=-1)).jetstream(timeout=3)
    await answered(partial(js.add_stream, name="S", subjects=["s"], num_replicas=3), *AWAY)
    for _ in range(MESSAGES):
        await js.publish("s", b"x", timeout=10)
    for name in CONSUMERS:
        while not await has_acknowledged(js, name):
            with suppress(*AWAY):
                await js.delete_consumer("S", name)
    return js


async def has_acknowledged(js: JetStreamContext, name: str) -> bool:
    """Make a consumer that has acknowledged 20 messages; not so where one got lost on the way.

    A pull that is given up while a leader is elected may have been answered all the same.
    """
    config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=300)
    await answered(partial(js.add_consumer, "S", config), *AWAY)
    pull = await js.pull_subscribe_bind(consumer=name, stream="S")
    try:
        for message in await answered(partial(pull.fetch, 20, timeout=10), *AWAY):
            await message.ack_sync(timeout=10)
        info = await answered(partial(js.consumer_info, "S", name), *AWAY)
    except AWAY:
        return False
    assert info.delivered is not None
    assert info.ack_floor is not None
    return (info.delivered.consumer_seq, info.ack_floor.stream_seq) == (20, 20)


def complete(snapshot: NatsSnapshot) -> bool:
    """Every consumer is reported by its leader with the numbers that were made."""
    return len(snapshot.consumers) == len(CONSUMERS) and all(
        (c.leader, c.delivered_consumer_seq, c.ack_floor_stream_seq, c.pending)
        == (True, 20, 20, MESSAGES - 20)
        for c in snapshot.consumers
    )


async def test_one_entry_a_consumer_all_along_while_a_leader_dies_and_comes_back(
    nats_cluster: NatsCluster, http: Http, source: PolledCluster
) -> None:
    js = await replicated(nats_cluster)
    eventually(lambda: complete(source.poll()))
    snapshot = source.poll()
    assert [stream.replicas_behind for stream in snapshot.streams] == [0]
    placed = leaders(http, nats_cluster.members[0])
    elsewhere = [name for name in CONSUMERS if placed[name] != placed["S"]]
    assert elsewhere, "with eight consumers some are led by another server than their stream"
    victim = nats_cluster.member(placed[elsewhere[0]])
    victim.kill()
    seen: list[NatsSnapshot] = []

    def settled() -> bool:
        seen.append(source.poll())
        return complete(seen[-1]) and all(stream.leader for stream in seen[-1].streams)

    def behind() -> set[int]:
        return {consumer.replicas_behind for consumer in seen[-1].consumers}

    eventually(settled, timeout=40)
    assert [server.up for server in seen[-1].servers].count(False) == 1
    eventually(lambda: settled() and behind() == {1}, timeout=40)
    victim.start(timeout=40)
    eventually(lambda: settled() and behind() == {0}, timeout=40)
    assert [server.name for server in seen[-1].servers if not server.up] == []
    for snapshot in seen:
        assert [consumer.name for consumer in snapshot.consumers] == CONSUMERS
        assert len(snapshot.streams) == 1
        for consumer in snapshot.consumers:
            if consumer.leader:
                assert consumer.delivered_consumer_seq == 20, "no jump, no reset"
    await js._nc.close()


async def test_a_consumer_without_replicas_is_seen_wherever_it_is(
    nats_cluster: NatsCluster, source: PolledCluster
) -> None:
    js = await replicated(nats_cluster)
    for number in range(6):
        config = ConsumerConfig(durable_name=f"single{number}", num_replicas=1)
        await answered(partial(js.add_consumer, "S", config), *AWAY)
    singles = [c for c in source.poll().consumers if c.name.startswith("single")]
    assert len(singles) == 6
    assert [consumer.name for consumer in singles if not consumer.leader] == []
    assert source.poll().streams[0].consumers == len(CONSUMERS) + 6
    await js._nc.close()


async def test_one_server_that_hangs_does_not_hide_the_others(
    nats_cluster: NatsCluster, source: PolledCluster
) -> None:
    js = await replicated(nats_cluster)
    source.poll()
    await js._nc.close()
    victim = nats_cluster.members[1]
    victim.process.pause()
    try:
        snapshot = source.poll()
    finally:
        victim.process.resume()
    assert [server.up for server in snapshot.servers] == [True, False, True]
    assert [consumer.name for consumer in snapshot.consumers] == CONSUMERS


async def test_one_server_listed_leads_to_all_and_they_stay_known(
    nats_cluster: NatsCluster, http: Http
) -> None:
    members = nats_cluster.members
    spec = NatsSource(monitor=(members[0].monitor,), discover=True)
    js = await replicated(nats_cluster)
    with closing(cluster_by_http("main", spec, http, time.time)) as source:
        snapshot = source.poll()
        addresses = [f"{member.host}:{member.monitor_port}" for member in members]
        assert [server.address for server in snapshot.servers] == addresses
        assert [server.name for server in snapshot.servers] == ["n1", "n2", "n3"]
        eventually(lambda: complete(source.poll()))
        members[0].kill()
        snapshot = source.poll()
        assert [server.address for server in snapshot.servers] == addresses
        assert [server.up for server in snapshot.servers] == [False, True, True]
        assert [consumer.name for consumer in snapshot.consumers] == CONSUMERS
    await js._nc.close()
