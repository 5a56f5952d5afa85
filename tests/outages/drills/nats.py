"""A single NATS server that is killed, or whose monitoring port answers wrongly."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess
from tests.integration.nats_binary import run_by
from tests.integration.nats_monitor import Mood, monitor_of
from tests.integration.orders import Orders
from tests.integration.waiting import eventually
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import LONGEST_PAUSE, is_stale, orders_spec, watching

_WRITTEN: Final = 0.5  # seconds
_MOODS: Final[dict[Mood, str]] = {
    "hang": "does not answer",
    "slow": "takes longer than the timeout",
    "drip": "sends a byte at a time",
    "rubbish": "sends a page that is no JSON",
    "half": "breaks off in the middle of its answers",
}


def _killed(seconds: float) -> Callable[[Path], Recovery]:
    """Killed and started anew after so many seconds, or once its series are gone."""

    def run(folder: Path) -> Recovery:
        with run_by(NatsServer(folder / "nats")) as server:
            orders = Orders((server.url,))
            orders.create()
            collector = CollectorProcess(folder, orders_spec(folder, monitor=[server.monitor]))
            with watching(collector, orders.truth) as watch:
                orders.deliver(5)
                _stored(server)
                watch.begin()
                server.kill()
                watch.lasts(seconds, is_stale)
                server.start()
                watch.end()
                orders.deliver(3)
                orders.publish(2)
                return watch.recovery()

    return run


def _answers(mood: Mood) -> Callable[[Path], Recovery]:
    def run(folder: Path) -> Recovery:
        with (
            run_by(NatsServer(folder / "nats")) as server,
            monitor_of(server.monitor) as monitor,
        ):
            orders = Orders((server.url,))
            orders.create()
            collector = CollectorProcess(folder, orders_spec(folder, monitor=[monitor.url]))
            with watching(collector, orders.truth) as watch:
                orders.deliver(5)
                watch.begin()
                monitor.mood = mood
                watch.sees(is_stale)
                orders.deliver(3)
                orders.publish(2)
                monitor.mood = "pass"
                watch.end()
                return watch.recovery()

    return run


def _stored(server: NatsServer) -> None:
    """Wait until the server has written what was acknowledged: it does so a tenth of a second
    later, and a server that is killed before forgets."""
    files = list(server.directory.rglob("o.dat"))
    assert files
    eventually(lambda: time.time() - max(file.stat().st_mtime for file in files) > _WRITTEN)


DRILLS: tuple[Outage, ...] = (
    Outage("a NATS server is killed and comes back", 10.0, _killed(5)),
    Outage(
        "a NATS server is killed and comes back after a minute", 10.0 + LONGEST_PAUSE, _killed(60)
    ),
    *(Outage(f"a monitoring port {what}", 5.0, _answers(mood)) for mood, what in _MOODS.items()),
)
