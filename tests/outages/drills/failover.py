"""One of several collectors fails, or takes up a changed spec, while alerts fire."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.outages.failover_rig import TAKEOVER, Member, Rig, missing, rig
from tests.outages.failover_verdict import Before, recovered, settled, verdict
from tests.outages.outage import Outage, Recovery

Spenders = list[Member]
Act = Callable[[Rig, Before], tuple[float, Spenders]]
"""Does it; gives the seconds until all was right again, and who spent one after the other."""


def _drilled(act: Act, collectors: int, folder: Path) -> Recovery:
    with rig(folder, collectors) as made:
        before = settled(made)
        seconds, spenders = act(made, before)
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


DRILLS = (
    Outage(
        "the leader of two collectors is killed, and started again",
        TAKEOVER,
        partial(_drilled, _killed, 2),
        short=True,
        missing=missing,
    ),
)
