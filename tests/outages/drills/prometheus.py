"""Prometheus is down: the one that scrapes, and the one that an SLO is measured with."""

import shutil
import time
from pathlib import Path
from typing import Final

from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from tests.integration.collector_process import CollectorProcess, Scrape, key
from tests.integration.orders import DELIVERED
from tests.integration.past_prometheus import server_with_past, start_and_answer
from tests.integration.receiving_prometheus import Receiving
from tests.integration.shop_past import (
    COUNTED,
    FAILED,
    HOURS,
    OK,
    Instance,
    lived,
    openmetrics,
    ratio,
    spec,
    truth,
)
from tests.integration.waiting import eventually
from tests.outages.deliveries import Delivering, delivering
from tests.outages.outage import Outage, Recovery
from tests.outages.recovering import until_right
from tests.outages.scraper import Scraper

_UP: Final = key("obs_source_up", source="shop")
_WATERMARK: Final = key("slo_data_watermark_timestamp_seconds", slo="counted", slo_service="shop")
_BEHIND: Final = 2400  # seconds by which the collector is behind the end of the past at first


def _missing() -> str:
    found = prometheus_binary() and shutil.which("promtool")
    return "" if found else "prometheus and promtool"


def _scraping(folder: Path) -> Recovery:
    """Counters cross the gap: what was delivered meanwhile is in the first sample after it."""
    binary = prometheus_binary()
    assert binary is not None
    with delivering(folder) as system:
        prometheus = Receiving(binary, folder)
        prometheus.scrape(system.collector)
        prometheus.process.start()
        try:
            lost, _ = until_right(lambda: _wrong_in(prometheus, system))
            assert not lost, lost
            with Scraper(system.collector) as scraper:
                prometheus.process.stop()
                for _ in range(5):
                    system.deliver(3)
                    system.seen()
                prometheus.process.start()
                lost, seconds = until_right(lambda: _wrong_in(prometheus, system))
            faults = [lost] * bool(lost) + scraper.faults()
        finally:
            prometheus.process.kill()
    seen = "no samples while it was down: gauges have a gap, counters cross it"
    return Recovery("; ".join(faults), seconds, seen)


def _wrong_in(prometheus: Receiving, system: Delivering) -> list[str]:
    """What Prometheus has that is not so."""
    if not prometheus.ready():
        return ["it does not answer"]
    found = prometheus.query(DELIVERED[0])
    wrong = [f"{DELIVERED[0]} is absent"] * (not found)
    wrong += [f"{each:g} were delivered" for each in found.values() if each != system.delivered]
    resets = prometheus.query(f"resets({DELIVERED[0]}[10m])")
    return wrong + ["a counter fell"] * any(resets.values())


def _of_an_slo(folder: Path) -> Recovery:
    """For 40 minutes of the collector's clock; what is counted then is in the ledger afterwards."""
    end = int(time.time()) // 900 * 900
    instances = lived(end - HOURS * 3600, end)
    server = server_with_past(folder, openmetrics(instances))
    made = CollectorProcess(folder / "obs", spec(folder, server.url, COUNTED))
    try:
        start_and_answer(server, end)
        made.clock.shift = end - _BEHIND + 1 - time.time()
        made.start()
        lost, _ = until_right(lambda: _wrong_ledger(made.scrape(), instances, end - _BEHIND), 30)
        assert not lost, lost
        return _while_down(made, server, instances, end)
    finally:
        made.kill()
        server.stop()


def _while_down(
    made: CollectorProcess, server: PrometheusProcess, instances: list[Instance], end: int
) -> Recovery:
    with Scraper(made) as scraper:
        server.stop()
        eventually(lambda: scraper.first(lambda scrape: scrape[_UP] == 0) is not None)
        for step in range(1, 5):
            made.clock.shift = end - _BEHIND * (1 - step / 4) + 1 - time.time()
        start_and_answer(server, end)
        lost, seconds = until_right(lambda: _wrong_ledger(made.scrape(), instances, end))
    faults = [lost] * bool(lost) + scraper.faults()
    down = scraper.first(lambda scrape: scrape[_UP] == 0) or 0.0
    return Recovery("; ".join(faults), seconds, f"source down after {down:.1f} s")


def _wrong_ledger(scrape: Scrape, instances: list[Instance], end: int) -> list[str]:
    """What the SLO's windows that end at `end` say that is not so."""
    wrong = ["the source is down"] * (scrape[_UP] != 1)
    if scrape.get(_WATERMARK) != end:
        return [*wrong, f"the SLO ends at {scrape.get(_WATERMARK)} instead of {end}"]
    for window, seconds in (("5m", 300), ("1h", 3600), ("6h", 21_600)):
        failed = truth(instances, FAILED, end - seconds, end)
        expected = failed / (failed + truth(instances, OK, end - seconds, end))
        found = ratio(scrape, "counted", window)
        if found is None or abs(found - expected) > 1e-9:
            wrong.append(f"error ratio of {window} is {found} instead of {expected}")
    return wrong


DRILLS: tuple[Outage, ...] = (
    Outage("the Prometheus that scrapes is down", 15, _scraping, missing=_missing),
    Outage(
        "the Prometheus of an SLO is down for 40 minutes",
        10,
        _of_an_slo,
        missing=_missing,
    ),
)
