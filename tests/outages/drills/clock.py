"""The machine's clock is set, forwards and back, while the collector runs and while it does not."""

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from tests.integration.collector_process import key
from tests.integration.orders import CONSUMER
from tests.outages.counting import counting
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import EVENTS, ROUNDED, Watch, difference

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_RAN: Final = 2 * _DAY  # seconds for which the collector counts already, as it believes
_AT_MOST: Final = 5.0  # seconds of lag: orders wait for a moment on a busy machine
_LAG_SECONDS: Final = key("nats_consumer_lag_seconds", **CONSUMER)


def _set(*steps: float, running: bool = True) -> Callable[[Path], Recovery]:
    """Set by so many seconds, one step after the other; orders go on between them."""

    def run(folder: Path) -> Recovery:
        with counting(folder, shift=-_RAN) as (watch, orders, _):
            collector = watch.collector
            collector.clock.shift = 0.0
            collector.polls("nats", 2)
            orders.deliver(4, given_up=1)
            collector.clock.turn()  # the minute is settled before the clock is set
            collector.polls("nats", 2)
            watch.begin()
            for step in steps:
                if not running:
                    collector.kill()
                collector.clock.shift += step
                if not running:
                    collector.launch()
                    watch.answers()
                watch.end()
                orders.deliver(3, given_up=1)
                collector.polls("nats", 2)
                _lag_is_none(watch)
            if min(accumulate(steps)) < 0:
                return _with_minutes_twice(watch)
            return watch.recovery()

    return run


def _with_minutes_twice(watch: Watch) -> Recovery:
    """Minutes that come again replace those that were counted: a budget may lack their events.

    How many, the table says; more than there were it must never have.
    """
    truth = watch.budget() if watch.budget else {}
    watch.budget = None
    recovery = watch.recovery()
    watch.collector.clock.turn(2)
    scrape = watch.collector.polls("nats", 2)
    more = {sample: value for sample, value in truth.items() if scrape[sample] > value + ROUNDED}
    said = f"slo_events_total has {scrape[EVENTS]:.1f} of {truth[EVENTS]:g} in the end"
    lost = "; ".join(filter(None, (recovery.lost, difference(scrape, more))))
    return replace(recovery, lost=lost, meanwhile=f"{recovery.meanwhile}; {said}")


def _lag_is_none(watch: Watch) -> None:
    """Nothing is outstanding, whatever the clock says."""
    for sight in watch.seen.sights:
        lag = (sight.scrape or {}).get(_LAG_SECONDS, 0.0)
        if sight.at >= watch.ended and lag > _AT_MOST:
            watch.wrong.append(f"lag of {lag:.0f} s without an outstanding message")


DRILLS: tuple[Outage, ...] = (
    Outage("the clock is set an hour forward and back", 15.0, _set(_HOUR, -_HOUR)),
    Outage("the clock is set an hour back and forward", 15.0, _set(-_HOUR, _HOUR)),
    Outage("the clock is set a day forward and back", 15.0, _set(_DAY, -_DAY)),
    Outage(
        "the clock is set an hour forward and back, the collector down meanwhile",
        15.0,
        _set(_HOUR, -_HOUR, running=False),
    ),
)
