"""Two collectors of one spec: one leads, and the other takes over; real processes, NATS and AWS."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from nats.js.errors import BucketNotFoundError, KeyNotFoundError

from tests.integration.aws_fixtures import emulator, proxy
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, key
from tests.integration.orders import DELIVERED
from tests.integration.systems import INVOCATIONS, Systems, all_well, systems
from tests.integration.waiting import eventually

__all__ = ["Systems", "all_well", "collectors", "emulator", "proxy", "systems"]

pytestmark = pytest.mark.integration

LEADER = key("obs_leader")
EPOCH = key("obs_lease_takeovers_total")
AWS_UP = key("obs_source_up", source="aws")
BUDGET = key("slo_error_budget_remaining_ratio", slo="delivery", slo_service="oms")
TTL = "8s"  # long enough for a machine that is busy


async def _bucket(url: str) -> None:
    client = await nats.connect(url)
    try:
        stream = client.jetstream()
        try:
            await stream.key_value("obs-lease")
        except BucketNotFoundError:
            await stream.create_key_value(bucket="obs-lease", history=1)
    finally:
        await client.close()


@pytest.fixture
def pair(
    systems: Systems, tmp_path: Path, collectors: list[CollectorProcess]
) -> Iterator[list[CollectorProcess]]:
    """Two collectors of one spec, each with a state of its own."""
    asyncio.run(_bucket(systems.server.url))
    for name in ("one", "two"):
        spec = systems.spec(tmp_path / name)
        spec["sources"]["nats"]["nats"]["connection"] = {"servers": [systems.server.url]}
        lease = {"nats": {"source": "nats", "bucket": "obs-lease"}}
        spec["ha"] = {"lease": lease, "ttl": TTL}
        collectors.append(CollectorProcess(tmp_path / name, spec))
    yield collectors
    for each in collectors:
        each.process.resume()


def requests(scrape: Scrape) -> float:
    """Requests to AWS that a collector has sent."""
    return sum(value for (name, _), value in scrape.items() if name == "obs_aws_requests_total")


async def _has(url: str, key: str) -> bool:
    client = await nats.connect(url)
    try:
        bucket = await client.jetstream().key_value("obs-lease")
        await bucket.get(key)
    except KeyNotFoundError:
        return False
    finally:
        await client.close()
    return True


def test_one_spends_and_the_other_takes_over_with_the_state(
    systems: Systems, pair: list[CollectorProcess]
) -> None:
    one, two = pair
    one.clock.turn()  # the budget counts a minute once it is over: it is not until the other leads
    two.clock.shift = one.clock.shift
    one.start().until(lambda scrape: BUDGET in scrape and scrape[LEADER] == 1)
    two.start()
    standby = two.until(lambda scrape: DELIVERED in scrape)
    assert standby[LEADER] == 0
    assert requests(standby) == 0
    assert not {AWS_UP, INVOCATIONS, BUDGET} & standby.keys()
    assert standby[EPOCH] >= 1
    systems.put("Invocations", {one.clock.minute: 70.0})
    one.until(lambda scrape: scrape[INVOCATIONS] == 70)
    led = one.polls("aws", 2)
    eventually(lambda: asyncio.run(_has(systems.server.url, "oms-production.state")))

    one.kill()
    # The ledger is where the leader left it, and soon where it was.
    taken = two.until(lambda scrape: scrape.get(BUDGET) == led[BUDGET])
    assert taken[LEADER] == 1
    assert taken[EPOCH] > led[EPOCH]
    assert taken[INVOCATIONS] == led[INVOCATIONS]  # neither counted anew nor twice
    two.logged("took over the state of")

    one.start().until(lambda scrape: scrape[LEADER] == 0)
    two.process.pause()
    before = Counter(systems.faults.seen)
    third = one.until(lambda scrape: BUDGET in scrape and scrape[LEADER] == 1)
    assert third[EPOCH] > taken[EPOCH]
    assert third[INVOCATIONS] == led[INVOCATIONS]
    two.process.resume()
    woken = two.until(lambda scrape: AWS_UP not in scrape and DELIVERED in scrape)
    assert woken[LEADER] == 0
    assert woken[EPOCH] >= third[EPOCH]
    # All that AWS was asked since the pause is what the new leader says that it has asked.
    eventually(lambda: (Counter(systems.faults.seen) - before).total() == requests(one.scrape()))

    # A reload keeps the lease.
    one.spec_file.write_text(json.dumps({**one.spec, "description": "changed"}))
    one.hang_up()
    one.logged("the spec was read again and is in force")
    assert one.scrape()[EPOCH] == woken[EPOCH]
    assert one.status()["lease"]["leads"]

    assert one.stop() == 0
    last = two.until(lambda scrape: BUDGET in scrape and scrape[LEADER] == 1)
    assert last[EPOCH] > woken[EPOCH]
    assert last[INVOCATIONS] == led[INVOCATIONS]
    assert two.stop() == 0
