"""`obs slo report` of a past known to the event: collector, state file and Prometheus."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from obs.sandbox.prometheus import prometheus_binary
from tests.integration.chromium import chromium, executable
from tests.integration.collector_process import CollectorProcess
from tests.integration.past_prometheus import prometheus_with_past
from tests.integration.waiting import eventually

BINARY = prometheus_binary()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        BINARY is None or shutil.which("promtool") is None, reason="no Prometheus is installed"
    ),
]

ZONE = ZoneInfo("Europe/Berlin")
DAYS = 2
SCRAPE = 300
STEP = 900
KEY = 'slo="available",slo_service="shop"'
OF_SYSTEM = 'environment="production",system="shop"'


@dataclass(frozen=True)
class Shop:
    url: str
    begin: int
    end: int
    bad: dict[str, int]  # by date in ZONE
    total: dict[str, int]
    outage: tuple[int, int]


def lived(begin: int, end: int, outage: tuple[int, int]) -> list[tuple[int, int, int]]:
    """(Unix seconds, failed, all) at each scrape: counters from 0 on."""
    chance = random.Random(5)
    failed, everything, samples = 0, 0, []
    for at in range(begin, end + SCRAPE, SCRAPE):
        samples.append((at, failed, everything))
        everything += 100
        share = 50 if outage[0] <= at < outage[1] else int(chance.random() < 0.1)
        failed += share
    return samples


def openmetrics(samples: list[tuple[int, int, int]], outage: tuple[int, int]) -> str:
    lines = ["# TYPE shop_requests counter"]
    lines += [f'shop_requests_total{{code="500"}} {bad} {at}' for at, bad, _ in samples]
    lines += [f'shop_requests_total{{code="200"}} {all_ - bad} {at}' for at, bad, all_ in samples]
    lines.append("# TYPE slo_events counter")
    lines += [f"slo_events_total{{{KEY},{OF_SYSTEM}}} {all_} {at}" for at, _, all_ in samples]
    lines.append("# TYPE slo_good_events counter")
    good = f"slo_good_events_total{{{KEY},{OF_SYSTEM}}}"
    lines += [f"{good} {all_ - bad} {at}" for at, bad, all_ in samples]
    lines.append("# TYPE ALERTS gauge")
    alert = f'ALERTS{{alertname="SloBudgetBurnsFast",alertstate="firing",severity="critical",{KEY},'
    lines += [f"{alert}{OF_SYSTEM}}} 1 {at}" for at in range(outage[0] + 300, outage[1], SCRAPE)]
    return "\n".join([*lines, "# EOF", ""])


def by_day(samples: list[tuple[int, int, int]]) -> tuple[dict[str, int], dict[str, int]]:
    bad: dict[str, int] = {}
    total: dict[str, int] = {}
    for (at, bad_before, all_before), (_, bad_after, all_after) in pairwise(samples):
        day = datetime.fromtimestamp(at, ZONE).date().isoformat()
        bad[day] = bad.get(day, 0) + bad_after - bad_before
        total[day] = total.get(day, 0) + all_after - all_before
    return bad, total


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("slo-report")
    end = int(time.time()) // STEP * STEP
    begin = end - DAYS * 86_400
    outage = (end - 86_400, end - 86_400 + 4 * STEP)
    samples = lived(begin, end, outage)
    with prometheus_with_past(folder, openmetrics(samples, outage), end) as url:
        yield Shop(url, begin, end, *by_day(samples), outage)


@pytest.fixture(scope="module")
def collector(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that has read the past, for which it is the end of it."""
    folder = tmp_path_factory.mktemp("collector")
    failed = 'shop_requests_total{code="500"}'
    sli = {"prometheus": {"source": "shop", "bad": failed, "total": "shop_requests_total"}}
    source = {"url": shop.url, "poll": "500ms", "timeout": "5s", "delay": "0s"}
    spec: dict[str, Any] = {
        "version": 1,
        "system": "shop",
        "state_dir": str(folder / "state"),
        "sources": {"prometheus": {"shop": source}},
        "slos": [
            {"name": "available", "service": "shop", "objective": 99.0, "window": "7d", "sli": sli}
        ],
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
    }
    made = CollectorProcess(folder, spec)
    made.clock.shift = shop.end + 1 - time.time()
    try:
        made.start()

        def has_read_all() -> bool:
            (told,) = json.loads(made.get("/api/v1/slo/history").text)["slos"]
            return bool(told["known_until"]) and told["missing_from"] is None

        eventually(has_read_all)
        made.spec["checks"] = {"collector": {"url": made.url}}
        made.spec_file.write_text(json.dumps(made.spec))
        yield made
    finally:
        made.kill()


def report(collector: CollectorProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "obs", "slo", "report", "--spec", str(collector.spec_file)]
    return subprocess.run(
        [*command, "--period", "week", "--last", "2", "--timezone", ZONE.key, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("source", ["collector", "state", "prometheus"])
def test_a_report_equals_what_happened_day_by_day(
    source: str, shop: Shop, collector: CollectorProcess
) -> None:
    arguments = {
        "collector": (),
        "state": ("--state", str(collector.state_file.parent)),
        "prometheus": ("--prometheus", shop.url),
    }[source]
    done = report(collector, "--format", "json", *arguments)
    assert done.returncode == 0, done
    (objective,) = json.loads(done.stdout)["objectives"]
    days = {day["date"]: day for period in objective["periods"] for day in period["days"]}
    counted = {date: (day["bad"], day["total"]) for date, day in days.items() if day["total"]}
    assert counted == {date: (shop.bad[date], shop.total[date]) for date in shop.total}
    found = [each for period in objective["periods"] for each in period["incidents"]]
    costly = max(found, key=lambda each: each["bad"])
    span = [datetime.fromisoformat(costly[end]).timestamp() for end in ("start", "end")]
    assert span == list(shop.outage)
    assert costly["worst_burn_rate"] == pytest.approx(50, rel=0.01)
    fired = {each["alert"] for each in costly["alerts"] or ()}
    assert fired == ({"SloBudgetBurnsFast"} if source == "prometheus" else set())
    if source == "prometheus":  # the collector asked for more, and found that there was nothing
        assert datetime.fromisoformat(objective["known_from"]).timestamp() == shop.begin


@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
async def test_the_page_needs_nothing_but_itself_fits_a_phone_and_a_desk_and_prints(
    shop: Shop, collector: CollectorProcess, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    done = report(collector, "--out", str(page))
    assert (done.returncode, done.stdout) == (0, f"Wrote {page}\n")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    day = datetime.fromtimestamp(shop.outage[0], ZONE)
    assert f"{day:%Y-%m-%d %H:%M} to " in page.read_text()
    async with chromium() as browser:
        tab = await browser.new_page()
        for width in (390, 1200):
            await tab.show(page.as_uri(), width=width)
            await tab.wait_for("document.readyState == 'complete'")
            assert await tab.evaluate("document.documentElement.scrollWidth") <= width
            assert await tab.evaluate(
                "Math.max(...[...document.querySelectorAll('.bar')]"
                ".map(bar => bar.getBoundingClientRect().height)) > 50"
            )
        assert tab.requests == [page.as_uri()] * 2
        assert tab.console == []
        printed = await tab.call("Page.printToPDF", preferCSSPageSize=True)
        assert len(printed["data"]) > 10_000
