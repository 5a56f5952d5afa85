"""What a real Prometheus makes of the histogram: natively in Protobuf, classic in text."""

import asyncio
import random
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from obs.catalogue import nats
from obs.catalogue.nats_events import PROCESSING
from obs.clients.prometheus import Prometheus
from obs.errors import SourceError
from obs.families.family import Family, Rows
from obs.families.histogram import Observations
from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from obs.sinks.exposition import Exposition
from obs.spec.prometheus_slis import PrometheusLatencySli
from obs.web.server import serve
from obs.web.streamed import Body
from tests.integration.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed"),
]
ROWS = Rows([("main", "$G", "ORDERS", "billing")])
DICE = random.Random(3)
VALUES = sorted(DICE.lognormvariate(-1.5, 1.2) for _ in range(20_000))
MORE = [DICE.lognormvariate(-1.5, 1.2) for _ in range(10_000)]
TRACE = "5b8aa5a2d2c872e8321cf37308d69df2"
_EXEMPLARS = "--enable-feature=exemplar-storage"
QUANTILES = (0.5, 0.95, 0.99)


class Site:
    """Serves a histogram of VALUES, a gauge and a counter."""

    def __init__(self) -> None:
        self._observations = Observations(PROCESSING.buckets)
        self.exposition = Exposition((("environment", "test"), ("system", "oms")))
        self.observe(VALUES)

    def observe(self, values: Sequence[float]) -> None:
        """Count so many more."""
        for value in values:
            self._observations.add(value)
        if values is VALUES:
            self._observations.add(0.31, TRACE, time.time())
        found = self._observations.histogram()
        self.exposition.update(
            "nats",
            [
                Family(PROCESSING, ROWS, [found.count], 0.0, [found]),
                Family(nats.LAG_MESSAGES, ROWS, [12]),
                Family(nats.DELIVERED, ROWS, [345_678]),
            ],
        )

    def metrics(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> Body:
        return self.exposition.stream(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf)

    def status(self) -> bytes:
        return b"{}"

    def page(self) -> bytes:
        return b""

    def page_of(self, typed: str) -> bytes:
        return b""

    def slo_history(self) -> bytes:
        return b"{}"

    def health(self) -> bool:
        return True

    def readiness(self) -> tuple[bool, list[str]]:
        return True, []


@contextmanager
def served(site: Site) -> Iterator[str]:
    """host:port of the site."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []
    stop = asyncio.Event()

    async def run() -> None:
        server = await serve(site, "127.0.0.1:0")
        ports.append(server.port)
        ready.set()
        await stop.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield f"127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@contextmanager
def scraping(folder: Path, target: str, *flags: str) -> Iterator[Prometheus]:
    folder.mkdir()
    prometheus = PrometheusProcess(prometheus_binary() or "", folder, target, every=1)
    prometheus.process.argv = (*prometheus.process.argv, *flags)
    prometheus.start()
    try:
        yield Prometheus(prometheus.url)
    finally:
        prometheus.stop()


def value(prometheus: Prometheus, expression: str) -> float | None:
    """None before there is exactly one series."""
    try:
        found = prometheus.query(expression, time.time())
    except SourceError:
        return None
    return found[0].points[0][1] if len(found) == 1 else None


def exemplar_of(prometheus: Prometheus, name: str) -> tuple[str, str] | None:
    """Trace id and value of the one exemplar that Prometheus has; None before it has one."""
    span = f"start={time.time() - 600}&end={time.time() + 60}"
    found = prometheus._get(f"query_exemplars?query={{__name__=~%22{name}.*%22}}&{span}")
    for series in found:
        (exemplar,) = series["exemplars"]
        return exemplar["labels"]["trace_id"], exemplar["value"]
    return None


def test_prometheus_computes_quantiles_of_the_native_histogram_and_of_the_classic_one(
    tmp_path: Path,
) -> None:
    name = PROCESSING.name
    site = Site()
    with (
        served(site) as target,
        scraping(tmp_path / "a", target, f"{_EXEMPLARS},native-histograms") as native,
        scraping(tmp_path / "b", target, _EXEMPLARS) as classic,
    ):
        counts = {native: f"histogram_count({name})", classic: f"{name}_count"}
        for prometheus, count in counts.items():
            assert eventually(partial(value, prometheus, count)) == len(VALUES) + 1
            assert value(prometheus, nats.LAG_MESSAGES.name) == 12
            assert value(prometheus, nats.DELIVERED.name) == 345_678
            assert eventually(partial(exemplar_of, prometheus, name)) == (TRACE, "0.31")
        for quantile in QUANTILES:
            true = VALUES[int(quantile * len(VALUES))]
            found = value(native, f"histogram_quantile({quantile}, {name})")
            assert found == pytest.approx(true, rel=0.09)  # the width of a bucket
            found = value(classic, f"histogram_quantile({quantile}, {name}_bucket)")
            assert found is not None
            bounds = (0.0, *PROCESSING.buckets)
            upper = next(i for i, bound in enumerate(bounds) if bound >= true)
            assert bounds[upper - 1] <= found <= bounds[upper]
        _latency_slis(site, native, classic)


def _latency_slis(site: Site, native: Prometheus, classic: Prometheus) -> None:
    """How many of the next values are below a limit, as SLIs of either form count them.

    They are those below a bound of the classic histogram, and a few more between two bounds of
    the native one.
    """
    limit = PROCESSING.buckets[6]
    below = sum(each <= limit for each in MORE) / len(MORE)
    assert 0.2 < below < 0.8
    asked: dict[Prometheus, tuple[str, float]] = {}
    for prometheus, form, near in ((native, True, 0.03), (classic, False, 1e-9)):
        sli = PrometheusLatencySli.model_validate(
            {"source": "p", "histogram": PROCESSING.name, "below": f"{limit}s", "native": form}
        ).counted
        if form:
            good, total = ((each or "").replace("$window", "1m") for each in (sli.good, sli.total))
        else:
            good, total = (f"sum(increase({each}[1m]))" for each in (sli.good, sli.total))
        asked[prometheus] = (f"{good} / ({total})", near)
    site.observe(MORE)
    for prometheus, (ratio, near) in asked.items():

        def is_near(
            prometheus: Prometheus = prometheus, ratio: str = ratio, near: float = near
        ) -> bool:
            found = value(prometheus, ratio)
            return found is not None and abs(found - below) <= near

        assert eventually(is_near), (ratio, value(prometheus, ratio), below)
