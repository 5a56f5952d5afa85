"""CloudWatch metrics that a spec names, and SLIs over them, through the running collector."""

from pathlib import Path

import pytest

from obs.sandbox import aws_events
from obs.sources.aws.costs import source_cost
from obs.sources.kind import Publishing
from obs.spec.slos import Slo
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    collectors,
    key,
    named,
    spec_of,
)

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

MINUTE, HOUR, DAY = 60, 3600, 86_400
WINDOW_MINUTES = 30 * 1440
ORDERS = {"FunctionName": "orders-*"}
METRICS = [
    {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": ORDERS, "statistic": "Sum"},
    {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": ORDERS, "statistic": "p99"},
    {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": ORDERS, "statistic": "Average"},
    {
        "namespace": "Shop/Jobs",
        "name": "Heartbeat",
        "dimensions": {"Job": "nightly"},
        "statistic": "SampleCount",
        "missing": "heartbeat",
        "exported_as": "shop_job_heartbeats",
    },
    {
        "namespace": "AWS/SQS",
        "name": "ApproximateAgeOfOldestMessage",
        "dimensions": {"QueueName": "orders"},
        "statistic": "Maximum",
    },
]
OBJECTIVE = {"service": "shop", "objective": 99.0, "window": "30d"}
INVOCATIONS = {"namespace": "AWS/Lambda", "name": "Invocations", "dimensions": ORDERS}
SUCCEED = {
    "name": "succeed",
    **OBJECTIVE,
    "sli": {
        "cloudwatch": {
            "source": "aws",
            "bad": {**INVOCATIONS, "name": "Errors"},
            "total": INVOCATIONS,
        }
    },
}
AGE = {
    "namespace": "AWS/SQS",
    "name": "ApproximateAgeOfOldestMessage",
    "dimensions": {"QueueName": "orders"},
    "statistic": "Maximum",
}
QUICK = {
    "name": "quick",
    **OBJECTIVE,
    "sli": {
        "cloudwatch_minutes": {
            "source": "aws",
            "metric": {
                "namespace": "AWS/Lambda",
                "name": "Duration",
                "dimensions": ORDERS,
                "statistic": "p90",
            },
            "at_most": 800,
        }
    },
}
DRAINED = {
    "name": "drained",
    **OBJECTIVE,
    "sli": {
        "cloudwatch_minutes": {
            "source": "aws",
            "metric": AGE,
            "at_most": 60,
            "missing": "good",
        }
    },
}


class Shop:
    """What AWS is fed of the shop's functions, jobs and queue."""

    def __init__(self, account: Account) -> None:
        self._url = account.endpoint_url

    def function(self, name: str, metric: str, points: dict[int, float]) -> None:
        of = [{"Name": "FunctionName", "Value": name}]
        aws_events.put_points(self._url, "AWS/Lambda", of, {metric: points})

    def beats(self, *minutes: int) -> None:
        of = [{"Name": "Job", "Value": "nightly"}]
        points = {"Heartbeat": dict.fromkeys(minutes, 1.0)}
        aws_events.put_points(self._url, "Shop/Jobs", of, points)

    def age(self, ages: dict[int, float]) -> None:
        aws_events.put_queue_age(self._url, "orders", ages)


@pytest.fixture
def shop(account: Account) -> Shop:
    return Shop(account)


def collector_of(account: Account, folder: Path) -> CollectorProcess:
    source = {"endpoint_url": account.faults.endpoint_url, "metrics": METRICS}
    return CollectorProcess(folder, spec_of(folder, aws=source, slos=[SUCCEED, QUICK, DRAINED]))


def errors(scrape: Scrape) -> dict[str, float]:
    """The counter of errors by function."""
    found = named(scrape, "aws_lambda_errors_total")
    return {dict(labels)["function_name"]: value for (_, labels), value in found.items()}


def objectives(scrape: Scrape) -> Scrape:
    """All that the SLOs say of windows, at one watermark."""
    of_windows = ("slo_error_ratio", "slo_burn_rate", "slo_error_budget_remaining", "slo_data_")
    return {sample: each for prefix in of_windows for sample, each in named(scrape, prefix).items()}


def error_ratio(scrape: Scrape, slo: str) -> float | None:
    return scrape.get(key("slo_error_ratio", slo=slo, slo_service="shop", window="30d"))


def put_past(shop: Shop, now: int) -> None:
    """Ten days of the shop before obs begins: 60 of 1 060 invocations failed, two minutes were
    slow, and in one there was an old message."""
    for age, failed in ((10 * DAY, 40.0), (20 * HOUR, 0.0), (50 * MINUTE, 20.0)):
        shop.function("orders-paid", "Invocations", {now - age: 500.0 if failed else 60.0})
        shop.function("orders-paid", "Errors", {now - age: failed})
    for age, milliseconds in ((10 * DAY, 900.0), (2 * DAY, 500.0), (5 * HOUR, 1200.0)):
        shop.function("orders-paid", "Duration", {now - age: milliseconds})
    shop.age({now - 9 * DAY: 90.0, now - HOUR: 30.0, now - MINUTE: 7.0})


def test_named_metrics_and_slis_over_them_are_what_was_fed(
    account: Account, shop: Shop, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    collector = collector_of(account, tmp_path / "lived")
    collectors.append(collector)
    first = collector.clock.turn()
    put_past(shop, first)
    shop.function("billing", "Errors", {first: 5.0})  # not asked for
    for milliseconds in range(10, 1001, 10):
        shop.function("orders-paid", "Duration", {first - MINUTE: float(milliseconds)})
    shop.beats(first - MINUTE)
    collector.start()
    scrape = collector.until(lambda scrape: error_ratio(scrape, "drained") is not None)
    assert errors(scrape) == {"orders-paid": 0.0}  # what was before the first start is not counted
    of_paid = {"aws": "aws", "function_name": "orders-paid"}
    p99 = scrape[key("aws_lambda_duration_p99_seconds", **of_paid)]
    assert scrape[key("aws_lambda_duration_average_seconds", **of_paid)] == 0.505
    assert p99 == pytest.approx(0.99, abs=0.01)
    name = "aws_sqs_approximate_age_of_oldest_message_max_seconds"
    age = key(name, aws="aws", queue_name="orders")
    beats = key("shop_job_heartbeats", aws="aws", dimension_job="nightly")
    assert (scrape[age], scrape[beats]) == (7.0, 1.0)
    assert error_ratio(scrape, "succeed") == pytest.approx(60 / 1060)
    assert error_ratio(scrape, "quick") == pytest.approx(3 / WINDOW_MINUTES)
    assert error_ratio(scrape, "drained") == pytest.approx(1 / WINDOW_MINUTES)

    shop.function("orders-paid", "Errors", {first: 3.0})
    shop.function("orders-sent", "Errors", {first: 30.0})  # listed minutes later
    shop.function("orders-sent", "Invocations", {first: 70.0})
    shop.function("orders-sent", "Duration", {first: 2.0})
    second = collector.clock.turn(16)
    collector.until(lambda scrape: errors(scrape) == {"orders-paid": 3.0, "orders-sent": 30.0})
    after = collector.scrape()
    assert age not in after  # nobody knows
    assert after[beats] == 0.0  # the silence itself is known

    shop.function("orders-paid", "Errors", {first: 2.0, second - MINUTE: 4.0})  # late, corrected
    shop.function("orders-sent", "Duration", {second: 801.0})
    shop.age({second: 61.0})
    collector.clock.turn()
    expected = {"orders-paid": 9.0, "orders-sent": 30.0}
    lived = objectives(collector.until(lambda scrape: errors(scrape) == expected))

    anew = collector_of(account, tmp_path / "backfilled")
    collectors.append(anew)
    anew.clock.shift = collector.clock.shift
    anew.start()
    found = anew.until(lambda scrape: error_ratio(scrape, "drained") is not None)
    assert len(objectives(found)) > 30
    assert objectives(found) == lived
    assert errors(found) == {"orders-paid": 0.0, "orders-sent": 0.0}
    anew.logged("reading its past")


def test_requests_for_named_metrics_cost_what_the_estimate_says(
    account: Account, shop: Shop
) -> None:
    minute = account.minute
    for name in ("orders-paid", "orders-sent"):
        shop.function(name, "Errors", {minute: 1.0})
        shop.function(name, "Duration", {minute: 1.0})
    source, client = account.source(metrics=METRICS, poll="60s", buses=[{"name": "none"}])
    source.poll()
    estimate = source.estimate()
    # 2 functions with 2 metrics (two statistics of one are billed as one), the job, the queue.
    assert [(line.what, line.units) for line in estimate.lines] == [
        ("GetMetricData of named metrics", 6 * 43_800),
        ("ListMetrics requests", 2 * 2_920),
    ]
    assert client.requests["ListMetrics"] == 2
    assert client.dollars_per_month == pytest.approx(estimate.dollars)
    account.clock.now += 60
    source.poll()
    assert client.requests["ListMetrics"] == 2
    assert client.dollars == pytest.approx((2 * 6 + 2) * 0.01 / 1000)

    # What SLIs ask for counts too: invocations of one function, errors and durations of two, the
    # queue.
    shop.function("orders-paid", "Invocations", {minute: 1.0})
    spec = account.spec(poll="60s", buses=[{"name": "none"}])
    slis = [Slo.model_validate(each).sli for each in (SUCCEED, QUICK, DRAINED)]
    (metrics, lists) = source_cost("aws", spec, Publishing(), slis).estimate.lines
    assert metrics.units == (2 + 1 + 2 + 1) * 43_800
    assert lists.units == 3 * 2_920
