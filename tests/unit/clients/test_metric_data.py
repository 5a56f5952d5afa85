from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.metric_data import (
    MAX_POINTS,
    MAX_QUERIES,
    MetricDataPages,
    MetricSeries,
    batches,
    billed_metrics,
    queries,
)


def series(count: int, statistic: str = "Sum") -> list[MetricSeries]:
    return [MetricSeries("AWS/Events", f"m{n}", statistic, ()) for n in range(count)]


def result(query: str, points: dict[int, float], status: str = "Complete") -> dict[str, Any]:
    return {
        "Id": query,
        "Timestamps": list(points),
        "Values": list(points.values()),
        "StatusCode": status,
    }


@given(st.integers(0, 3000), st.integers(0, 30_000))
def test_batches_hold_every_series_once_in_order_and_fit_a_page(count: int, points: int) -> None:
    split = list(batches(series(count), points))
    assert [one for batch in split for one in batch] == series(count)
    for batch in split:
        assert 1 <= len(batch) <= MAX_QUERIES
        assert len(batch) * points <= MAX_POINTS or len(batch) == 1


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 0), (1, 1), (500, 1), (501, 2), (1000, 2), (1001, 3)]
)
def test_three_hours_of_minutes_take_one_request_per_500_series(count: int, requests: int) -> None:
    assert len(list(batches(series(count), 183))) == requests


def test_five_statistics_of_one_metric_are_billed_as_one() -> None:
    one = MetricSeries("ns", "m", "Sum", (("a", "1"), ("b", "2")))
    swapped = one._replace(dimensions=(("b", "2"), ("a", "1")))
    other = one._replace(dimensions=(("a", "2"), ("b", "2")))
    statistics = [one._replace(statistic=name) for name in ("Sum", "Maximum", "p50", "p99", "p1")]
    assert billed_metrics(statistics) == 1
    assert billed_metrics([*statistics[:4], swapped]) == 1
    assert billed_metrics([*statistics, one._replace(statistic="Average")]) == 2
    assert billed_metrics([one, other]) == 2
    assert billed_metrics([]) == 0


def test_a_query_names_metric_dimensions_statistic_and_period() -> None:
    one = MetricSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "r"),))
    assert queries([one], 60) == [
        {
            "Id": "q0",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Events",
                    "MetricName": "Invocations",
                    "Dimensions": [{"Name": "RuleName", "Value": "r"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
    ]


PAGE = st.dictionaries(st.integers(0, 400).map(lambda n: n * 60), st.floats(0, 1e9), max_size=5)


@given(st.lists(PAGE, max_size=5))
def test_points_spread_over_pages_are_joined_by_query(pages: list[dict[int, float]]) -> None:
    first, second = series(2)
    joined = MetricDataPages([first, second], 0, 1 << 40)
    for page in pages:
        joined.add({"MetricDataResults": [result("q1", page, "PartialData")]})
    joined.add({"MetricDataResults": [result("q0", {}), result("q1", {})]})
    everything = {at: value for page in pages for at, value in page.items()}
    assert joined.complete == {first: {}, second: everything}
    assert joined.statuses == []


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_query_whose_last_word_is_not_complete_is_not_answered(status: str) -> None:
    first, second = series(2)
    joined = MetricDataPages([first, second], 0, 1 << 40)
    joined.add({"MetricDataResults": [result("q0", {60: 1.0}), result("q1", {60: 2.0})]})
    joined.add({"MetricDataResults": [result("q1", {120: 2.0}, status)]})
    assert joined.complete == {first: {60: 1.0}}
    assert joined.statuses == [status]


def test_a_query_that_no_page_mentions_is_not_an_empty_answer() -> None:
    first, second = series(2)
    joined = MetricDataPages([first, second], 0, 1 << 40)
    joined.add({"MetricDataResults": [result("q0", {})]})
    assert joined.complete == {first: {}}
    assert joined.statuses == ["Missing"]


def test_a_message_about_the_request_makes_all_of_it_untrusted() -> None:
    joined = MetricDataPages(series(1), 0, 1 << 40)
    messages = [{"Code": "MaxMetricsExceeded", "Value": "some were left out"}]
    joined.add({"MetricDataResults": [result("q0", {60: 1.0})], "Messages": messages})
    assert joined.complete == {}
    assert joined.statuses == ["MaxMetricsExceeded"]


def test_times_may_be_numbers_or_datetimes() -> None:
    (one,) = series(1)
    joined = MetricDataPages([one], 0, 1 << 40)
    page = result("q0", {60: 1.0})
    page["Timestamps"] = [datetime.fromtimestamp(60, UTC)]
    joined.add({"MetricDataResults": [page]})
    joined.add({"MetricDataResults": [result("q0", {120: 2.0})]})
    assert joined.complete == {one: {60: 1.0, 120: 2.0}}


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"MetricDataResults": None},
        {"MetricDataResults": [{"Id": "q0"}]},
        {"MetricDataResults": [{**result("q0", {60: 1.0}), "Values": []}]},
        {"MetricDataResults": [{**result("q0", {60: 1.0}), "Values": ["many"]}]},
    ],
)
def test_a_page_that_makes_no_sense_is_an_error(page: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        MetricDataPages(series(1), 0, 1 << 40).add(page)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_value_that_is_no_count_is_malformed(value: float) -> None:
    whole = {"Id": "q0", "Timestamps": [0, 60], "Values": [1.0, value], "StatusCode": "Complete"}
    with pytest.raises(ValueError, match="no count"):
        MetricDataPages(series(1), 0, 120).add({"MetricDataResults": [whole]})


def test_points_far_from_the_time_asked_for_are_left_out() -> None:
    times = [-1_000_000, 60, 1 << 60]
    whole = {"Id": "q0", "Timestamps": times, "Values": [1.0, 2.0, 3.0], "StatusCode": "Complete"}
    pages = MetricDataPages(series(1), 0, 120)
    pages.add({"MetricDataResults": [whole]})
    assert [*pages.complete.values()] == [{60: 2.0}]
