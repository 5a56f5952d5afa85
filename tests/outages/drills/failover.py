"""One of several collectors fails, or takes up a changed spec, while alerts fire."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.integration.collector_process import key
from tests.outages import networks
from tests.outages.failover_rig import SLOS, TAKEOVER, Member, Rig, hang_up, missing, rig
from tests.outages.failover_verdict import Before, recovered, settled, verdict
from tests.outages.networks import LINKS
from tests.outages.outage import Outage, Recovery

REFUSED = key("obs_spec_refused")
OBJECTIVE = key("slo_objective_ratio", slo="added", slo_service="oms")

Spenders = list[Member]
Act = Callable[[Rig, Before], tuple[float, Spenders]]
"""Does it; gives the seconds until all was right again, and who spent one after the other."""


@dataclass(frozen=True)
class _Drill:
    """An act on so many collectors, as an outage runs it."""

    act: Act
    collectors: int = 2
    apart: bool = False
    short: bool = False

    def __call__(self, folder: Path) -> Recovery:
        with rig(folder, self.collectors, apart=self.apart, short=self.short) as made:
            before = settled(made)
            seconds, spenders = self.act(made, before)
            return verdict(made, before, seconds, spenders)


def _killed(made: Rig, before: Before) -> tuple[float, Spenders]:
    """kill -9; it is started again, as a supervisor does, once another leads."""
    old = made.leader()
    old.collector.kill()
    seconds = recovered(made, before, time.time(), old)
    new = made.leader(old)
    old.collector.start()
    new.collector.polls("aws")
    return seconds, [old, new]


def _paused(made: Rig, before: Before) -> tuple[float, Spenders]:
    """SIGSTOP; once another leads it goes on, in the belief that it still does."""
    old = made.leader()
    old.collector.process.pause()
    seconds = recovered(made, before, time.time(), old)
    asked = old.requests
    old.collector.process.resume()
    new = made.leader(old)
    new.collector.polls("aws", 2)
    assert old.requests == asked, "it spent with a lease that is over"
    return seconds, [old, new]


def _cut(made: Rig, before: Before, links: tuple[str, ...]) -> tuple[float, Spenders]:
    """Its network lets nothing through; it is mended once another leads."""
    old = made.leader()
    assert old.network is not None
    old.network.cut(*links)
    seconds = recovered(made, before, time.time(), old)
    new = made.leader(old)
    new.collector.polls("aws")
    old.network.mend()
    old.collector.polls("nats", 2)
    assert not old.leads
    return seconds, [old, new]


def _rolled(made: Rig, before: Before) -> tuple[float, Spenders]:
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
    last.collector.polls("aws")
    return seconds, [*spenders, last]


def _reloaded(made: Rig, before: Before) -> tuple[float, Spenders]:
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
    leader.collector.polls("aws")
    return seconds, [leader]


def _refused(made: Rig, before: Before) -> tuple[float, Spenders]:
    """A spec with a mistake, which is put right."""
    leader = made.leader()
    for each in made.members:
        wrong = json.dumps(each.collector.spec).replace('"monitor"', '"monitr"')
        each.collector.spec_file.write_text(wrong)
        hang_up(each.collector.process)
    for each in made.members:
        each.collector.until(lambda scrape: scrape[REFUSED] == 1)
    leader.collector.polls("aws")
    began = time.time()
    for each in made.members:
        each.collector.spec_file.write_text(json.dumps(each.collector.spec))
        hang_up(each.collector.process)
    for each in made.members:
        each.collector.until(lambda scrape: scrape[REFUSED] == 0)
    return recovered(made, before, began), [leader]


def _new_secret(made: Rig, before: Before) -> tuple[float, Spenders]:
    """The password of the NATS user changes, on the server and in the collectors' file."""
    leader = made.leader()
    began = time.time()
    made.change_password("second")
    seconds = recovered(made, before, began)
    leader.collector.polls("aws", 2)  # longer than the lease lasts
    assert leader.collector.status()["lease"]["leads"]
    return seconds, [leader]


def _outage(name: str, drill: _Drill) -> Outage:
    """One that takes two poll intervals of what costs money, and the lease's ttl, at most."""

    def lacking() -> str:
        return missing() or (networks.missing() if drill.apart else "")

    return Outage(name, TAKEOVER, drill, short=drill.short, missing=lacking)


DRILLS = (
    _outage("the leader of two collectors is killed, and started again", _Drill(_killed)),
    _outage("the leader of three collectors is killed, and started again", _Drill(_killed, 3)),
    _outage("the leader is paused until another leads, and wakes up", _Drill(_paused)),
    _outage(
        "the leader is cut off from NATS",
        _Drill(partial(_cut, links=("nats",)), apart=True),
    ),
    _outage(
        "the leader is cut off from everything",
        _Drill(partial(_cut, links=LINKS), apart=True),
    ),
    _outage(
        "each of two collectors is replaced, with an empty state (rolling update)",
        _Drill(_rolled, short=True),
    ),
    _outage(
        "a changed spec is taken up: one more SLO, another threshold (SIGHUP)", _Drill(_reloaded)
    ),
    _outage("a changed spec is refused", _Drill(_refused)),
    _outage("the password of the NATS user changes", _Drill(_new_secret)),
)
