"""SLIs measured with a real Prometheus: its past is generated, so the truth is known exactly."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obs.sandbox.prometheus import prometheus_binary
from tests.integration.collector_process import CollectorProcess, collectors, key
from tests.integration.past_prometheus import prometheus_with_past
from tests.integration.shop_past import (
    ALL,
    COUNTED,
    FAILED,
    FAILURES,
    HOURS,
    OK,
    Shop,
    lived,
    openmetrics,
    ratio,
    slo,
    spec,
    truth,
)

__all__ = ["collectors"]

BINARY = prometheus_binary()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        BINARY is None or shutil.which("promtool") is None, reason="no Prometheus is installed"
    ),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("prometheus-slis")
    end = int(time.time()) // 900 * 900
    instances = lived(end - HOURS * 3600, end)
    with prometheus_with_past(folder, openmetrics(instances), end) as url:
        yield Shop(url, end, instances)


GOOD = slo(
    "good",
    prometheus={"source": "shop", "good": 'shop_requests_total{code="200"}', "total": ALL},
)
EXPRESSED = slo(
    "expressed",
    prometheus={
        "source": "shop",
        "bad": f"sum(increase({FAILURES}[$window]))",
        "total": f"sum(increase({ALL}[$window]))",
    },
)
UP = slo("up", prometheus_minutes={"source": "shop", "holds": "min(shop_up)"})
RATIO = slo(
    "ratio",
    prometheus_minutes={
        "source": "shop",
        "error_ratio": f"sum(rate({FAILURES}[5m])) / sum(rate({ALL}[5m]))",
    },
)
MISTYPED = slo("mistyped", prometheus={"source": "shop", "bad": "no_total", "total": "no_such"})
REJECTED = slo(
    "rejected",
    prometheus={
        "source": "shop",
        "bad": "sum(increase(a[$window])) by by",
        "total": "sum(increase(a[$window]))",
    },
)
NOT_GOOD = slo("not-good", prometheus={"source": "shop", "good": "mistyped_total", "total": ALL})


def started(
    folder: Path, shop: Shop, at: float, collectors: list[CollectorProcess], *slos: dict[str, Any]
) -> CollectorProcess:
    """A collector for which it is `at` (Unix seconds)."""
    made = CollectorProcess(folder, spec(folder, shop.url, *slos))
    collectors.append(made)
    made.clock.shift = at + 1 - time.time()
    return made.start()


def test_the_past_of_a_new_slo_is_counted_to_the_event(
    tmp_path: Path, shop: Shop, collectors: list[CollectorProcess]
) -> None:
    every = (COUNTED, GOOD, EXPRESSED, UP, RATIO)
    made = started(tmp_path / "new", shop, shop.end, collectors, *every)
    names = [each["name"] for each in every]
    scrape = made.until(lambda found: all(ratio(found, name, "6h") is not None for name in names))
    for window, seconds in (("1h", 3600), ("6h", 21_600)):
        start = shop.end - seconds
        failed = truth(shop.instances, FAILED, start, shop.end)
        total = failed + truth(shop.instances, OK, start, shop.end)
        assert ratio(scrape, "counted", window) == pytest.approx(failed / total, rel=1e-9)
        assert ratio(scrape, "good", window) == pytest.approx(failed / total, rel=1e-9)
        # What increase() extrapolates, spread over five minutes.
        assert ratio(scrape, "expressed", window) == pytest.approx(failed / total, rel=0.25)
        assert ratio(scrape, "ratio", window) == pytest.approx(failed / total, rel=0.25)
        assert ratio(scrape, "up", window) == pytest.approx(1 / 6, abs=0.03)
    made.spec["checks"] = {"collector": {"url": made.url}}
    made.spec_file.write_text(json.dumps(made.spec))
    command = [sys.executable, "-m", "obs", "slo", "gate", "--spec", str(made.spec_file)]
    for names, status, words in (
        (["counted"], 0, "allowed: shop/counted has "),
        (["shop/up", "counted"], 1, "blocked: shop/"),
        (["counter"], 2, "did you mean counted?"),
    ):
        done = subprocess.run(
            [*command, *names, f"--min-budget={'-9999%' if not status else '90%'}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, words in done.stdout + done.stderr) == (status, True), done


def test_what_was_read_at_once_equals_what_was_lived_through(
    tmp_path: Path, shop: Shop, collectors: list[CollectorProcess]
) -> None:
    every = (COUNTED, EXPRESSED, UP)
    names = [each["name"] for each in every]
    begin = shop.end - 2400
    watermark = key("slo_data_watermark_timestamp_seconds", slo="up", slo_service="shop")

    def complete(scrape: Any, until: int) -> bool:
        known = all(ratio(scrape, name, "6h") is not None for name in names)
        return known and scrape[watermark] >= until

    lived = started(tmp_path / "lived", shop, begin, collectors, *every)
    lived.until(lambda scrape: complete(scrape, begin))
    for seconds in (600, 1200, 1800, 2400):
        lived.clock.shift = begin + seconds + 1 - time.time()
        lived.until(lambda scrape, until=begin + seconds: complete(scrape, until))
    read = started(tmp_path / "read", shop, shop.end, collectors, *every)
    found = read.until(lambda scrape: complete(scrape, shop.end))
    at_end = lived.scrape()
    for name in names:
        for window in ("1h", "6h"):
            expected = ratio(found, name, window)
            assert ratio(at_end, name, window) == pytest.approx(expected, rel=1e-6)


def test_a_query_that_finds_nothing_or_is_rejected_is_told_and_is_no_outage(
    tmp_path: Path, shop: Shop, collectors: list[CollectorProcess]
) -> None:
    every = (COUNTED, MISTYPED, REJECTED, NOT_GOOD)
    made = started(tmp_path / "wrong", shop, shop.end, collectors, *every)
    scrape = made.until(lambda found: ratio(found, "counted", "1h") is not None)
    for name in ("mistyped", "rejected", "not-good"):
        assert ratio(scrape, name, "1h") is None
    state = {
        each: scrape[key("prometheus_sli_queries", prometheus="shop", state=each)]
        for each in ("answered", "empty", "rejected")
    }
    assert state == {"answered": 2, "empty": 4, "rejected": 1}
    assert "parse error" in made.get("/readyz").text
