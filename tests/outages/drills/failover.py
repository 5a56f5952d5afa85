"""One of several collectors fails, or takes up a changed spec, while alerts fire."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.outages import networks
from tests.outages.failover_acts import (
    Act,
    cut,
    elected,
    killed,
    new_secret,
    paused,
    refused,
    reloaded,
    rolled,
)
from tests.outages.failover_rig import TAKEOVER, missing, rig
from tests.outages.failover_verdict import settled, verdict
from tests.outages.networks import LINKS
from tests.outages.outage import Outage, Recovery


@dataclass(frozen=True)
class _Drill:
    """An act on so many collectors, as an outage runs it."""

    act: Act
    collectors: int = 2
    apart: bool = False
    short: bool = False
    cluster: bool = False

    def __call__(self, folder: Path) -> Recovery:
        how = {"apart": self.apart, "short": self.short, "cluster": self.cluster}
        with rig(folder, self.collectors, **how) as made:
            before = settled(made)
            seconds, spenders = self.act(made, before)
            return verdict(made, before, seconds, spenders)


def _outage(name: str, drill: _Drill) -> Outage:
    """One that takes two poll intervals of what costs money, and the lease's ttl, at most."""

    def lacking() -> str:
        return missing() or (networks.missing() if drill.apart else "")

    return Outage(name, TAKEOVER, drill, short=drill.short, missing=lacking)


DRILLS = (
    _outage(
        "the leader of two collectors is killed, and started again; fewer alerts fire",
        _Drill(killed, short=True),
    ),
    _outage("the leader of two collectors is killed, and started again", _Drill(killed)),
    _outage("the leader of three collectors is killed, and started again", _Drill(killed, 3)),
    _outage("the leader is paused until another leads, and wakes up", _Drill(paused)),
    _outage(
        "the leader is cut off from NATS",
        _Drill(partial(cut, links=("nats",)), apart=True),
    ),
    _outage(
        "the leader is cut off from everything",
        _Drill(partial(cut, links=LINKS), apart=True),
    ),
    _outage(
        "each of two collectors is replaced, with an empty state (rolling update)",
        _Drill(rolled),
    ),
    _outage(
        "a changed spec is taken up: one more SLO, another threshold (SIGHUP)", _Drill(reloaded)
    ),
    _outage("a changed spec is refused", _Drill(refused)),
    _outage("NATS elects other leaders, that of the lease too", _Drill(elected, cluster=True)),
    _outage("the password of the NATS user changes", _Drill(new_secret)),
)
