"""What happens to collectors, and what is waited for afterwards."""

import json
import time
from collections.abc import Callable

from tests.integration.collector_process import key
from tests.integration.waiting import eventually
from tests.outages.failover_rig import SLOS, Member, Rig, hang_up
from tests.outages.failover_verdict import Before, recovered

Spenders = list[Member]
Act = Callable[[Rig, Before], tuple[float, Spenders]]
"""Does it; gives the seconds until all was right again, and who spent one after the other."""
REFUSED = key("obs_spec_refused")
OBJECTIVE = key("slo_objective_ratio", slo="added", slo_service="oms")


def _spends(member: Member) -> None:
    """Wait until it has asked AWS once more."""
    asked = member.requests
    eventually(lambda: member.requests > asked)


def killed(made: Rig, before: Before) -> tuple[float, Spenders]:
    """kill -9; it is started again, as a supervisor does, once another leads."""
    old = made.leader()
    old.collector.kill()
    seconds = recovered(made, before, time.time(), old)
    new = made.leader(old)
    old.collector.start()
    _spends(new)
    return seconds, [old, new]


def paused(made: Rig, before: Before) -> tuple[float, Spenders]:
    """SIGSTOP; once another leads it goes on, in the belief that it still does."""
    old = made.leader()
    old.collector.process.pause()
    seconds = recovered(made, before, time.time(), old)
    asked = old.requests
    old.collector.process.resume()
    new = made.leader(old)
    _spends(new)
    _spends(new)
    assert old.requests == asked, "it spent with a lease that is over"
    return seconds, [old, new]


def cut(made: Rig, before: Before, links: tuple[str, ...]) -> tuple[float, Spenders]:
    """Its network lets nothing through; it is mended once another leads."""
    old = made.leader()
    assert old.network is not None
    old.network.cut(*links)
    seconds = recovered(made, before, time.time(), old)
    new = made.leader(old)
    _spends(new)
    old.network.mend()
    old.collector.polls("nats", 2)
    assert not old.leads
    return seconds, [old, new]


def rolled(made: Rig, before: Before) -> tuple[float, Spenders]:
    """Each ends with SIGTERM, the leader first, and one with an empty state takes its place at
    another address."""
    seconds, spenders = 0.0, []
    for _ in range(len(made.members)):
        old = made.leader()
        spenders.append(old)
        began = time.time()
        assert old.collector.stop() == 0
        seconds = max(seconds, recovered(made, before, began, old))
        made.replace(old).collector.start()
    last = made.leader()
    _spends(last)
    return seconds, [*spenders, last]


def reloaded(made: Rig, before: Before) -> tuple[float, Spenders]:
    """One more SLO and another threshold, for leader, standby and Prometheus."""
    leader = made.leader()
    added = SLOS[0] | {"name": "added", "objective": 50.0}
    changed = {"slos": [*SLOS, added], "alerts": {"NatsConsumerLagHigh": {"above": 2_000}}}
    made.rules(leader.collector.spec | changed)
    began = time.time()
    for each in made.members:
        each.collector.spec |= changed
        each.collector.spec_file.write_text(json.dumps(each.collector.spec))
        hang_up(each.collector.process)
    made.prometheus.reload()
    for each in made.members:
        each.collector.logged("the spec was read again and is in force")
    leader.collector.until(
        lambda scrape: key("slo_objective_ratio", slo="added", slo_service="oms") in scrape
    )
    seconds = recovered(made, before, began)
    _spends(leader)
    return seconds, [leader]


def refused(made: Rig, before: Before) -> tuple[float, Spenders]:
    """A spec with a mistake, which is put right."""
    leader = made.leader()
    for each in made.members:
        wrong = json.dumps(each.collector.spec).replace('"monitor"', '"monitr"')
        each.collector.spec_file.write_text(wrong)
        hang_up(each.collector.process)
    for each in made.members:
        each.collector.until(lambda scrape: scrape[REFUSED] == 1)
    _spends(leader)
    began = time.time()
    for each in made.members:
        each.collector.spec_file.write_text(json.dumps(each.collector.spec))
        hang_up(each.collector.process)
    for each in made.members:
        each.collector.until(lambda scrape: scrape[REFUSED] == 0)
    return recovered(made, before, began), [leader]


def new_secret(made: Rig, before: Before) -> tuple[float, Spenders]:
    """The password of the NATS user changes, on the server and in the collectors' file."""
    leader = made.leader()
    began = time.time()
    made.change_password("second")
    seconds = recovered(made, before, began)
    _spends(leader)
    _spends(leader)  # longer than the lease lasts
    assert leader.collector.status()["lease"]["leads"]
    return seconds, [leader]


def elected(made: Rig, before: Before) -> tuple[float, Spenders]:
    """The servers of a cluster elect other leaders for the lease's bucket, a stream, a consumer."""
    leader = made.leader()
    began = time.time()
    made.traffic.elect()
    seconds = recovered(made, before, began)
    _spends(leader)
    assert leader.collector.status()["lease"]["leads"]
    return seconds, [leader]
