"""What is asked of CloudWatch for functions and topics, and what a level is made of."""

from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue import aws_functions, aws_put_events
from obs.clients.aws_cost import estimate
from obs.clients.metric_data import MAX_QUERIES, MetricSeries, batches, billed_metrics
from obs.snapshot.aws_services import Resource
from obs.sources.aws.services.kinds import KINDS
from obs.sources.aws.services.reading import billed, level, levels, series_of

SETTLED = 1_800_000_000 // 60 * 60
AGE = aws_functions.ASYNC_AGE_MAX.twin
CONCURRENT = aws_functions.CONCURRENT_MAX.twin
MEAN = aws_put_events.LATENCY_AVERAGE.twin
PAID = Resource("function", "paid")


def test_a_level_is_the_newest_settled_minute_in_our_unit() -> None:
    points = {SETTLED - 120: 9_000.0, SETTLED - 60: 2_000.0, SETTLED: 70_000.0}
    assert level(AGE, points, SETTLED, 60) == 2.0
    assert level(MEAN, points, SETTLED, 60) == 2.0


def test_a_rare_poll_misses_no_peak_and_takes_no_mean_of_means() -> None:
    points = {SETTLED - 240: 9_000.0, SETTLED - 60: 2_000.0, SETTLED - 360: 99_000.0}
    assert level(AGE, points, SETTLED, 300) == 9.0
    assert level(MEAN, points, SETTLED, 300) == 2.0


def test_a_level_that_aws_did_not_report_lately_is_absent_unless_nothing_means_zero() -> None:
    old = {SETTLED - 360: 5_000.0}
    assert level(AGE, old, SETTLED, 60) is None
    assert level(AGE, {}, SETTLED, 60) is None
    assert level(CONCURRENT, old, SETTLED, 60) == 0.0
    assert level(CONCURRENT, {SETTLED - 300: 4.0}, SETTLED, 60) == 4.0


@given(
    st.dictionaries(st.integers(-20, 5), st.floats(0, 1e6), max_size=20),
    st.integers(1, 20),
)
def test_a_maximum_is_that_of_the_minutes_since_the_last_poll(
    minutes: dict[int, float], poll: int
) -> None:
    points = {SETTLED + 60 * minute: value for minute, value in minutes.items()}
    found = level(AGE, points, SETTLED, 60 * poll)
    seen = [minute for minute in minutes if -max(5, poll) <= minute < 0]
    if not seen:
        assert found is None
    else:
        recent = [value for minute, value in minutes.items() if max(seen) - poll < minute < 0]
        assert found == max(recent) / 1000


def test_counters_are_no_levels_and_absent_levels_have_no_value() -> None:
    points = {
        key: {SETTLED - 60: 3.0} if one.metric == "Throttles" else {}
        for key, one in series_of([PAID]).items()
    }
    assert levels(points, SETTLED, 60) == {(PAID, "lambda_concurrent_executions_max"): 0.0}


def test_statistics_of_a_metric_are_never_split_over_two_requests() -> None:
    resources = (Resource("put_events"), *(Resource("function", f"f{n}") for n in range(120)))
    rules = [MetricSeries("AWS/Events", f"m{n}", "Sum", ()) for n in range(77)]
    whole = [*series_of(resources).values(), *rules]
    batched = sum(map(billed_metrics, batches(whole, 183)))
    assert len(whole) > 2 * MAX_QUERIES
    assert batched == billed_metrics(whole) == billed(resources) + len(rules)
    assert billed(resources) == 7 + 120 * 10


def test_others_cost_as_much_as_the_metrics_that_each_poll_reads() -> None:
    usual = estimate(rules=2, queues=1, poll=60, latency_every=300)
    more = estimate(rules=2, queues=1, poll=60, latency_every=300, others=billed((PAID,)))
    assert more.dollars - usual.dollars == 10 * 730 * 60 * 0.01 / 1000
    assert "functions, topics, pipes and others: 10 metrics" in more.assumptions[0]
    assert "pipes and others" not in usual.assumptions[0]


def test_each_kind_names_its_objects_by_its_own_label() -> None:
    for kind in KINDS:
        own = () if kind.listing is None else (kind.key,)
        for metric in kind.metrics:
            assert metric.labels == ("aws", *own)
            if metric.aws is not None:
                assert tuple(label for _, label in metric.aws.dimensions) == own
