"""A cluster of three NATS servers of which the leader of a stream is killed."""

from contextlib import closing
from pathlib import Path

from obs.clients.http import Http
from obs.sandbox.nats_server import NatsCluster, NatsServer
from tests.integration.collector_process import CollectorProcess, key
from tests.integration.leaders import leaders
from tests.integration.nats_binary import run_by
from tests.integration.orders import Orders
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import orders_spec, watching


def _leader_killed(folder: Path) -> Recovery:
    """Orders are published and delivered without it; then it comes back."""
    cluster = NatsCluster(folder / "nats")
    for member in cluster.members:
        run_by(member)
    with cluster:
        orders = Orders([member.url for member in cluster.members])
        orders.create(replicas=3)
        monitor = [member.monitor for member in cluster.members]
        collector = CollectorProcess(folder, orders_spec(folder, monitor=monitor, discover=False))
        with watching(collector, orders.truth) as watch:
            orders.deliver(5)
            collector.polls("nats", 1)
            victim = cluster.member(_leader(cluster.members[0]))
            watch.begin()
            victim.kill()
            address = f"{victim.host}:{victim.monitor_port}"
            down = key("nats_server_up", nats="nats", server=address)
            watch.sees(lambda sight: sight.scrape is not None and sight.scrape.get(down) == 0)
            orders.deliver(5)
            watch.right_already(orders.truth() | {down: 0.0}, "counted by the other two")
            victim.start(60)
            watch.end()
            orders.deliver(3)
            orders.publish(2)
            return watch.recovery()


def _leader(member: NatsServer) -> str:
    with closing(Http(timeout=3)) as http:
        return leaders(http, member)["ORDERS"]


DRILLS: tuple[Outage, ...] = (
    Outage("the leader of a stream in a cluster of three is killed", 15.0, _leader_killed),
)
