"""A calendar month with maintenance, on a real Prometheus whose past is known to the minute.

The collector takes it for the turn of March 2026 in Berlin, where clocks changed on the 29th.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from obs.sandbox.prometheus import prometheus_binary
from tests.integration.collector_process import CollectorProcess, collectors, key
from tests.integration.past_prometheus import prometheus_with_past
from tests.integration.waiting import eventually

__all__ = ["collectors"]

BINARY = prometheus_binary()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        BINARY is None or shutil.which("promtool") is None, reason="no Prometheus is installed"
    ),
]

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = 60, 3600, 86_400
OF = {"slo": "paid", "slo_service": "shop"}
WINDOW = "calendar month (Europe/Berlin)"


def berlin(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, tzinfo=BERLIN).timestamp())


BEGIN, TURN = berlin(29), berlin(1, month=4)
OUTAGE = berlin(29, 1), berlin(29, 4)  # two hours long: clocks go from 2:00 to 3:00 in it
MAINTENANCE = {"days": ["sunday"], "from": "02:37", "until": "03:12"}
OUT = 12  # minutes: there is no 02:37, so that it begins at 03:00
CHARGED = 2 * 60 - OUT


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two requests a minute, all of which fail in the outage."""
    lines = ["# TYPE shop_requests counter"]
    bad = total = 0
    samples = []
    for at in range(BEGIN, TURN + HOUR + MINUTE, MINUTE):
        samples.append((at, bad, total))
        total += 2
        bad += 2 * (OUTAGE[0] <= at < OUTAGE[1])
    lines += [f'shop_requests_total{{code="503"}} {failed} {at}' for at, failed, _ in samples]
    lines += [
        f'shop_requests_total{{code="200"}} {all_ - failed} {at}' for at, failed, all_ in samples
    ]
    past = "\n".join([*lines, "# EOF", ""])
    with prometheus_with_past(tmp_path_factory.mktemp("calendar"), past, TURN) as url:
        yield url


@dataclass
class Run:
    collector: CollectorProcess
    reports: Path

    def at(self, moment: int) -> CollectorProcess:
        self.collector.clock.shift = moment + 1 - time.time()
        return self.collector


@pytest.fixture
def run(tmp_path: Path, shop: str, collectors: list[CollectorProcess]) -> Run:
    slo = {
        **{"name": "paid", "service": "shop", "objective": 99.0},
        **{"calendar": "month", "timezone": "Europe/Berlin", "maintenance": [MAINTENANCE]},
        "sli": {
            "prometheus": {
                **{"source": "shop", "bad": 'shop_requests_total{code="503"}'},
                "total": "shop_requests_total",
            }
        },
    }
    spec: dict[str, Any] = {
        "version": 1,
        "system": "shop",
        "state_dir": str(tmp_path / "state"),
        "sources": {"prometheus": {"shop": {"url": shop, "poll": "500ms", "delay": "0s"}}},
        "slos": [slo],
        "outputs": {
            "web": {"listen": "127.0.0.1:0"},
            "slo_report": {"every": "monthly", "directory": str(tmp_path / "reports")},
        },
    }
    collector = CollectorProcess(tmp_path / "collector", spec)
    collectors.append(collector)
    return Run(collector, tmp_path / "reports")


def known(scrape: Any) -> bool:
    return key("slo_error_budget_remaining_ratio", **OF) in scrape


def test_a_month_over_a_change_of_clocks_with_maintenance_and_its_report(run: Run) -> None:
    made = run.at(TURN - 10 * MINUTE).start()
    scrape = made.until(known)
    seen = 2 * ((TURN - 10 * MINUTE - BEGIN) // MINUTE - OUT)
    left = scrape[key("slo_error_budget_remaining_ratio", **OF)]
    charged = 2 * CHARGED / _of_month(seen)
    assert left == pytest.approx(1 - charged / 0.01, rel=1e-9)
    assert scrape[key("slo_budget_reset_timestamp_seconds", **OF)] == TURN
    assert scrape[key("slo_in_maintenance", **OF)] == 0
    ratio = scrape[key("slo_error_ratio", **OF, window=WINDOW)]
    assert ratio == pytest.approx(2 * CHARGED / seen, rel=1e-9)
    (told,) = made.status()["slos"]
    assert (told["window"], told["resets_at"]) == (WINDOW, TURN)
    assert not run.reports.exists()
    assert made.stop() == 0

    made = run.at(TURN + 10 * MINUTE).start()
    file = run.reports / "slo-report-shop-2026-03.html"
    eventually(file.exists)
    scrape = made.until(lambda found: found.get(key("slo_error_ratio", **OF, window=WINDOW)) == 0)
    assert scrape[key("slo_error_budget_remaining_ratio", **OF)] == 1
    text = file.read_text()
    assert "March 2026" in text
    assert f"over a {WINDOW}" in text
    assert "2 h 32 min of maintenance" in text

    made.spec_file.write_text(json.dumps({**made.spec, "checks": {"collector": {"url": made.url}}}))
    command = [sys.executable, "-m", "obs", "slo", "report", "--spec", str(made.spec_file)]
    done = subprocess.run(
        [*command, "--format", "json", "--last", "1"], capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["timezone"] == "Europe/Berlin"
    month = report["objectives"][0]["periods"][1]
    assert (month["period"], month["bad"]) == ("2026-03", 2 * CHARGED)
    assert month["maintenance_seconds"] == (4 * 35 + OUT) * MINUTE
    assert month["total"] == 2 * ((TURN - BEGIN) // MINUTE - OUT)
    (day,) = [each for each in month["days"] if each["bad"]]
    assert (day["date"], day["hours"]) == ("2026-03-29", 23)


def _of_month(seen: int) -> float:
    """Events of March, of which `seen` came in what was known."""
    sundays = 4 * 35 + OUT  # minutes of maintenance
    minutes = (TURN - berlin(1)) / MINUTE - sundays
    known_minutes = (TURN - 10 * MINUTE - berlin(1)) / MINUTE - sundays
    return seen * minutes / known_minutes


def test_the_turn_of_the_month_is_where_clocks_say() -> None:
    assert datetime.fromtimestamp(TURN, UTC).isoformat() == "2026-03-31T22:00:00+00:00"
    assert TURN - berlin(1) == 31 * DAY - HOUR
