"""The network between the collector and NATS: pulled, and losing every packet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess
from tests.integration.nats_binary import run_by
from tests.integration.orders import ADVISORIES, Orders
from tests.outages.network import Cable, machine, missing
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import LONGEST_PAUSE, is_stale, orders_spec, watching

Cut = tuple[Callable[[Cable], None], Callable[[Cable], None]]
_SILENCE: Final = "loses every packet to and from NATS"
_CUTS: Final[dict[str, Cut]] = {
    "is unplugged from the network": (Cable.pull, Cable.plug),
    _SILENCE: (Cable.swallow, Cable.pass_on),
}


def _cut_off(cut: Cut, ways: tuple[str, ...], seconds: float) -> Callable[[Path], Recovery]:
    """So many seconds; the collector is on a machine of its own, and all goes on without it."""
    begin, end = cut

    def run(folder: Path) -> Recovery:
        with machine() as made:
            web, cable = made.cable(0), made.cable(1)
            with run_by(NatsServer(folder / "nats", host=cable.here)) as server:
                orders = Orders((server.url,))
                orders.create(advisories=True)
                spec = orders_spec(folder, **{way: _WAYS[way](server) for way in ways})
                spec["outputs"]["web"]["listen"] = f"{web.there}:0"
                collector = CollectorProcess(folder, spec, within=made.enter)
                with watching(collector, orders.truth) as watch:
                    if "connection" in ways:
                        watch.heard(orders)
                    orders.deliver(5, given_up=1)
                    watch.begin()
                    begin(cable)
                    watch.lasts(seconds, is_stale)
                    orders.deliver(4, given_up=2)
                    orders.publish(2)
                    end(cable)
                    watch.end()
                    return watch.recovery()

    return run


_WAYS: Final[dict[str, Callable[[NatsServer], Any]]] = {
    "monitor": lambda server: [server.monitor],
    "connection": lambda server: {"servers": [server.url], "advisory_stream": ADVISORIES},
}

_BOTH: Final = ("monitor", "connection")


def _drill(what: str, ways: tuple[str, ...], seconds: float) -> Outage:
    lasting = f" for {seconds:g} s" if seconds else ""
    name = f"the collector {what}{lasting} ({' and '.join(ways)})"
    limit = 15.0 + (LONGEST_PAUSE if seconds else 0)
    cut = _cut_off(_CUTS[what], ways, seconds)
    return Outage(name, limit, cut, missing=missing)


DRILLS: tuple[Outage, ...] = (
    *(_drill(what, ways, 0) for what in _CUTS for ways in (("monitor",), ("connection",), _BOTH)),
    *(_drill(what, ways, 60) for what in _CUTS for ways in (("connection",), _BOTH)),
)
