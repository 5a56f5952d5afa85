"""What the answers of a Prometheus-compatible server say about events and minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from obs.slis.event_queries import events, holding, summed, without_errors
from obs.slis.kind import HistorySpan
from obs.slis.prometheus import EventMeasurement
from obs.slis.prometheus_minutes import ConditionMeasurement
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.prometheus_slis import PrometheusLatencySli, PrometheusMinutesSli, PrometheusSli

START = 1_800_000_000 // 900 * 900
BAD = PrometheusSli.model_validate({"source": "p", "bad": "bad_total", "total": "all_total"})
GOOD = PrometheusSli.model_validate({"source": "p", "good": "good_total", "total": "all_total"})
HOLDS = PrometheusMinutesSli.model_validate({"source": "p", "holds": "min(up)"})

Values = Mapping[int, float]


@dataclass(frozen=True)
class Polled:
    snapshot: PrometheusSnapshot | None


def polled(**values: Values) -> Polled:
    by_query = {events(f"{name}_total", 300): found for name, found in values.items()}
    return Polled(PrometheusSnapshot(START + 130, START - 900, START + 120, by_query))


def test_a_selector_is_counted_by_the_differences_at_the_ends_of_minutes() -> None:
    assert events('a_total{b="c"}', 300) == (
        'sum(a_total{b="c"} - a_total{b="c"} offset 1m >= 0 '
        'or (a_total{b="c"} and a_total{b="c"} offset 1m))'
    )


def test_each_minute_has_its_share_of_what_an_expression_counts() -> None:
    assert events("sum(increase(a[$window]))", 300) == "sum(sum(increase(a[5m]))) / 5"
    assert holding("a < bool 5") == "min((a < bool 5) != bool 0)"
    assert without_errors("a / b") == "1 - clamp(max(a / b), 0, 1)"


def test_a_bucket_is_the_sum_of_its_minutes_whether_ranges_are_closed_or_not() -> None:
    assert summed("a", 60) == "a"
    assert summed("a", 900) == "sum_over_time((a)[14m59s:1m])"


def test_bad_events_are_none_where_the_server_has_none() -> None:
    found = EventMeasurement(BAD).observe(polled(bad={}, all={START: 10.0, START + 60: 0.0}))
    assert found is not None
    assert found.minutes == {START: (10.0, 10.0), START + 60: (0.0, 0.0)}
    assert (found.watermark, found.known_from) == (START + 120, START - 900)


def test_good_events_that_were_never_seen_are_a_mistake_and_no_outage() -> None:
    measurement = EventMeasurement(GOOD)
    assert measurement.observe(polled(good={}, all={START: 10.0})) is None
    seen = measurement.observe(polled(good={START: 9.0}, all={START: 10.0}))
    assert seen is not None
    assert seen.minutes == {START: (9.0, 10.0)}
    gone = measurement.observe(polled(good={}, all={START: 10.0}))
    assert gone is not None
    assert gone.minutes == {START: (0.0, 10.0)}
    again = EventMeasurement(GOOD)
    again.restore(measurement.saved())
    assert again.observe(polled(good={}, all={START: 10.0})) == gone


def test_a_query_without_an_answer_tells_nothing() -> None:
    measurement = EventMeasurement(BAD)
    assert measurement.observe(Polled(None)) is None
    assert measurement.observe(polled(all={START: 1.0})) is None  # the other one was rejected
    assert measurement.observe(polled(bad={START: 1.0}, all={})) is None


@given(
    st.dictionaries(
        st.integers(0, 9).map(lambda n: START + 60 * n),
        st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)),
        min_size=1,
    )
)
def test_good_events_are_never_more_than_all(found: dict[int, tuple[float, float]]) -> None:
    counted = {start: value for start, (value, _) in found.items()}
    total = {start: value for start, (_, value) in found.items()}
    for sli, name in ((BAD, "bad"), (GOOD, "good")):
        observed = EventMeasurement(sli).observe(polled(**{name: counted, "all": total}))
        assert observed is not None
        assert observed.minutes.keys() == total.keys()
        for good, every in observed.minutes.values():
            assert 0 <= good <= every


def test_minutes_without_a_value_are_no_events() -> None:
    query = holding("min(up)")
    values = {query: {START: 1.0, START + 60: 0.0}}
    tracker = Polled(PrometheusSnapshot(START + 130, START - 900, START + 180, values))
    found = ConditionMeasurement(HOLDS).observe(tracker)
    assert found is not None
    assert found.minutes == {START: (1.0, 1.0), START + 60: (0.0, 1.0)}


@pytest.mark.parametrize("step", [60, 300, 900])
def test_the_past_of_minutes_has_as_many_events_as_have_a_value(step: int) -> None:
    class Server:
        def history(self, asked: Sequence[str], span: HistorySpan) -> Mapping[str, Values]:
            good, known = asked
            assert span == HistorySpan(START - 900, START, step)
            return {good: {START - 900: 1.0}, known: {START - 900: step / 60, START - 300: 1.0}}

    tracker = PrometheusSnapshot(START, START, START, {})
    found = ConditionMeasurement(HOLDS).history(
        Server(), tracker, HistorySpan(START - 900, START, step)
    )
    assert found == {START - 900: (1.0, step / 60), START - 300: (0.0, 1.0)}


def latency(**fields: object) -> PrometheusSli:
    written = {"source": "p", "histogram": 'h_seconds{job="a"}', "below": "500ms", **fields}
    return PrometheusLatencySli.model_validate(written).counted


@pytest.mark.parametrize(
    ("histogram", "below", "bucket"),
    [
        ('h_seconds{job="a"}', "500ms", r'h_seconds_bucket{job="a",le=~"0\\.50*"}'),
        ("h_seconds", "2s", r'h_seconds_bucket{le=~"2(\\.0+)?"}'),
        ('h_seconds{job="a",}', "2500ms", r'h_seconds_bucket{job="a",le=~"2\\.50*"}'),
    ],
)
def test_a_classic_histogram_counts_by_the_bucket_that_ends_at_the_limit(
    histogram: str, below: str, bucket: str
) -> None:
    assert latency(histogram=histogram, below=below).good == bucket


def test_a_native_histogram_counts_by_its_fraction_below_the_limit() -> None:
    grown = 'sum(increase(h_seconds{job="a"}[$window]))'
    found = latency(native=True)
    assert found.good == f"histogram_fraction(-Inf, 0.5, {grown}) * histogram_count({grown})"
    assert found.total == f"histogram_count({grown})"


@pytest.mark.parametrize(
    ("histogram", "said"),
    [
        ("h_seconds_bucket", "write the histogram's own name, h_seconds"),
        ("rate(h_seconds[5m])", "write a histogram's selector"),
        ('{job="a"}', "write a histogram's selector"),
    ],
)
def test_what_is_no_histogram_s_selector_is_refused(histogram: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        latency(histogram=histogram)


def test_what_a_minute_counts_can_be_that_of_a_moment_ago() -> None:
    assert events("a_total", 300, 90) == (
        "sum(a_total offset 1m30s - a_total offset 2m30s >= 0 "
        "or (a_total offset 1m30s and a_total offset 2m30s))"
    )
    ranged = "increase(a[$window]) + increase(b[$window] offset 5m) + max_over_time(c[$window:1m])"
    assert events(ranged, 300, 60) == (
        "sum(increase(a[5m] offset 1m) + increase(b[5m] offset 5m) "
        "+ max_over_time(c[5m:1m] offset 1m)) / 5"
    )
