"""A collector over orders, with everything that it counts by itself: dead letters, error budget."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from tests.integration.collector_process import CollectorProcess
from tests.integration.nats_binary import run_by
from tests.integration.nats_monitor import Monitor, monitor_of
from tests.integration.orders import ADVISORIES, Orders
from tests.outages.watch import Watch, orders_spec, watching


@contextmanager
def counting(
    folder: Path, state: Path | None = None, shift: float = 0.0
) -> Iterator[tuple[Watch, Orders, Monitor]]:
    """A collector whose address stays the same, with all that it counts by itself.

    `state`: the folder for its state; one in `folder` where none is given. `shift`: seconds by
    which its clock is wrong at the start.
    """
    with run_by(NatsServer(folder / "nats")) as server, monitor_of(server.monitor) as monitor:
        orders = Orders((server.url,))
        orders.create(advisories=True)
        connection = {"servers": [server.url], "advisory_stream": ADVISORIES}
        spec = orders_spec(folder, monitor=[monitor.url], connection=connection)
        spec["sources"]["nats"]["nats"]["stale_after"] = "1m"  # a busy machine makes nothing stale
        spec["outputs"]["web"]["listen"] = f"127.0.0.1:{free_ports(1)[0]}"
        if state is not None:
            spec["state_dir"] = str(state)
        collector = CollectorProcess(folder, spec)
        collector.clock.shift = shift
        with watching(collector, orders.truth) as watch:
            watch.heard(orders)
            yield watch, orders, monitor
