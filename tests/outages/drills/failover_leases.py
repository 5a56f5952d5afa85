"""The leader fails where the lease is in Kubernetes or DynamoDB."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from obs.lease.handover import Handover
from obs.lease.kinds import key_of, open_store
from obs.spec.load import load
from tests.integration.aws_fixtures import create_lease_table
from tests.integration.certificates import make_certificates
from tests.integration.kubernetes_api import kubernetes_api, lease_at
from tests.integration.waiting import eventually
from tests.outages.failover_acts import Act, killed, paused
from tests.outages.failover_rig import TAKEOVER, Rig, systems
from tests.outages.failover_verdict import miscounted, scraped, spent_twice
from tests.outages.outage import Outage, Recovery

Place = Callable[[Rig, ExitStack], Mapping[str, object]]
"""Makes one; gives the lease of the spec."""


def _kubernetes(made: Rig, stack: ExitStack) -> Mapping[str, object]:
    certificates = make_certificates(made.folder)
    api = stack.enter_context(kubernetes_api(certificates))
    return {"kubernetes": lease_at(api, certificates, made.folder)}


def _dynamodb(made: Rig, stack: ExitStack) -> Mapping[str, object]:
    create_lease_table(made.emulator.endpoint_url)
    return {"dynamodb": {"source": "aws", "table": "obs-lease"}}


@dataclass(frozen=True)
class _Drill:
    place: Place
    act: Act

    def __call__(self, folder: Path) -> Recovery:
        with systems(folder) as made, ExitStack() as stack:
            made.lease = self.place(made, stack)
            made.start(2)
            _handed_over(made)
            made.leader().collector.polls("aws")
            before = scraped(made)
            seconds, spenders = self.act(made, before)
            lost = [*spent_twice(made, before, spenders), *miscounted(made)]
            told = f"another leads; AWS was asked by {len(spenders)} collectors, in turn"
            return Recovery("; ".join(lost), seconds, told)


def _handed_over(made: Rig) -> None:
    """Wait until the leader has left its state: without one, counters begin anew."""
    system = load([made.leader().collector.spec_file], variables={})
    assert system.ha is not None
    store = open_store(system.ha)
    try:
        eventually(lambda: Handover(store, key_of(system)).left() is not None)
    finally:
        store.close()


def _outage(name: str, place: Place, act: Act) -> Outage:
    return Outage(name, TAKEOVER, _Drill(place, act))


DRILLS = tuple(
    _outage(f"the leader is {what}, with the lease in {where}", place, act)
    for where, place in (("Kubernetes", _kubernetes), ("DynamoDB", _dynamodb))
    for what, act in (("killed", killed), ("paused", paused))
)
