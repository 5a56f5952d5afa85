"""What CloudWatch metrics say about events and minutes, now and in the past."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.slis.cloudwatch import MetricEvents, events_of
from obs.slis.cloudwatch_minutes import MetricMinutes
from obs.slis.cloudwatch_readings import known_minutes, pieces, spans_of_sums, spread
from obs.slis.kind import HistorySpan
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.cloudwatch import AskedMetric, Dimensions, Reading
from obs.spec.slis import CloudWatchMinutesSli, CloudWatchSli

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3600, 86_400
START = 1_800_000_000 // HOUR * HOUR
A: Dimensions = (("FunctionName", "a"),)
B: Dimensions = (("FunctionName", "b"),)

Points = Mapping[int, float]


def metric(name: str) -> dict[str, object]:
    return {"namespace": "AWS/Lambda", "name": name, "dimensions": {"FunctionName": "*"}}


BAD = CloudWatchSli.model_validate(
    {"source": "aws", "bad": metric("Errors"), "total": metric("Invocations")}
)
GOOD = CloudWatchSli.model_validate(
    {"source": "aws", "good": metric("Answers"), "total": metric("Invocations")}
)


def quick(**fields: object) -> MetricMinutes:
    given = {"source": "aws", "metric": metric("Duration") | {"statistic": "p99"}} | fields
    return MetricMinutes(CloudWatchMinutesSli.model_validate(given))


@dataclass(frozen=True)
class Polled:
    snapshot: AwsSnapshot | None


def asked(name: str, statistic: str = "Sum") -> AskedMetric:
    return AskedMetric.of("AWS/Lambda", name, {"FunctionName": "*"}, statistic)


def polled(readings: Mapping[AskedMetric, Mapping[Dimensions, Points]]) -> Polled:
    settled = START + 2 * MINUTE
    found = {one: Reading(points, settled) for one, points in readings.items()}
    at = START + 4 * MINUTE + 5.0
    return Polled(AwsSnapshot(at, START, settled, (), (), {}, (), readings=found))


def test_events_of_all_series_are_added_up_by_minute_until_the_last_complete_one() -> None:
    found = MetricEvents(BAD).observe(
        polled(
            {
                asked("Errors"): {A: {START: 2.0}, B: {}},
                asked("Invocations"): {
                    A: {START: 10.0, START + MINUTE: 5.0, START + 2 * MINUTE: 7.0},
                    B: {START: 1.0},
                },
            }
        )
    )
    assert found is not None
    assert found.minutes == {START: (9.0, 11.0), START + MINUTE: (5.0, 5.0)}
    assert (found.watermark, found.known_from) == (START + 2 * MINUTE, START)


def test_failures_whose_total_comes_later_are_events_already() -> None:
    assert events_of({0: 3.0}, {}, bad=True) == {0: (0.0, 3.0)}
    assert events_of({0: 3.0}, {0: 2.0}, bad=False) == {0: (3.0, 3.0)}


def test_good_events_that_were_never_seen_are_a_mistake_and_no_outage() -> None:
    measurement = MetricEvents(GOOD)
    total = {A: {START: 10.0}}
    silent = polled({asked("Answers"): {A: {}}, asked("Invocations"): total})
    assert measurement.observe(silent) is None
    answers = polled({asked("Answers"): {A: {START: 9.0}}, asked("Invocations"): total})
    assert measurement.observe(answers) is not None
    outage = measurement.observe(silent)
    assert outage is not None
    assert outage.minutes == {START: (0.0, 10.0)}
    again = MetricEvents(GOOD)
    again.restore(measurement.saved())
    assert again.observe(silent) == outage


def test_where_no_series_is_listed_nothing_is_measured() -> None:
    assert MetricEvents(BAD).observe(polled({})) is None
    nothing = {asked("Errors"): {}, asked("Invocations"): {}}  # type: ignore[var-annotated]
    assert MetricEvents(BAD).observe(polled(nothing)) is None
    assert quick(at_most=5).observe(polled({asked("Duration", "p99"): {}})) is None


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({"at_most": 800}, {START: (0.0, 1.0)}),
        ({"at_most": 900}, {START: (1.0, 1.0)}),
        ({"at_least": 100}, {START: (1.0, 1.0)}),
        ({"at_least": 100, "at_most": 800}, {START: (0.0, 1.0)}),
        ({"at_most": 900, "missing": "good"}, {START: (1.0, 1.0), START + MINUTE: (1.0, 1.0)}),
        ({"at_most": 900, "missing": "bad"}, {START: (1.0, 1.0), START + MINUTE: (0.0, 1.0)}),
    ],
)
def test_a_minute_is_good_where_all_series_with_a_value_are_within_the_limits(
    fields: dict[str, Any], minutes: dict[int, tuple[float, float]]
) -> None:
    points = {A: {START: 100.0}, B: {START: 900.0, START + 2 * MINUTE: 1.0}}
    found = quick(**fields).observe(polled({asked("Duration", "p99"): points}))
    assert found is not None
    assert found.minutes == minutes


def test_where_a_gap_is_bad_each_series_has_to_have_a_value() -> None:
    points = {A: {START: 1.0}, B: {}}
    found = quick(at_most=900, missing="bad").observe(polled({asked("Duration", "p99"): points}))
    assert found is not None
    assert found.minutes[START] == (0.0, 1.0)


class Past:
    """An AWS source whose past is known minute by minute."""

    def __init__(self, points: Mapping[AskedMetric, Points], now: float) -> None:
        self._points = points
        self._now = now

    def metric_history(
        self, asked: Mapping[AskedMetric, Reading], start: float, end: float, period: int
    ) -> dict[AskedMetric, dict[Dimensions, dict[int, float]]]:
        kept = {60: 15, 300: 63, 900: 63, 3600: 455}[period] * DAY
        return {
            one: {A: self._sums(self._points[one], max(start, self._now - kept), end, period)}
            for one in asked
        }

    @staticmethod
    def _sums(points: Points, start: float, end: float, period: int) -> dict[int, float]:
        sums: dict[int, float] = {}
        for minute, value in points.items():
            bucket = minute // period * period
            if start <= bucket < end:
                sums[bucket] = sums.get(bucket, 0.0) + value
        return sums


def test_of_events_older_than_quarters_are_kept_the_hour_is_spread() -> None:
    now = START + 80 * DAY
    bad, total = asked("Errors"), asked("Invocations")
    past = Past({bad: {START: 4.0}, total: {START: 8.0, START + 79 * DAY: 2.0}}, now)
    snapshot = polled({bad: {A: {}}, total: {A: {}}}).snapshot
    assert snapshot is not None
    at = AwsSnapshot(now, now, now, (), (), {}, (), readings=snapshot.readings)
    span = HistorySpan(START, START + 80 * DAY, QUARTER)
    found = MetricEvents(BAD).history(past, at, span)
    quarters = {START + number * QUARTER: (1.0, 2.0) for number in range(4)}
    assert found == quarters | {START + 79 * DAY: (2.0, 2.0)}


def test_minutes_are_read_as_far_back_as_cloudwatch_keeps_them_and_no_further() -> None:
    now = START + 30 * DAY
    duration = asked("Duration", "p99")
    minutes = {START: 900.0, START + 16 * DAY: 900.0, START + 16 * DAY + MINUTE: 1.0}
    snapshot = polled({duration: {A: {}}}).snapshot
    assert snapshot is not None
    at = AwsSnapshot(now, now, now, (), (), {}, (), readings=snapshot.readings)
    span = HistorySpan(START, START + 30 * DAY, QUARTER)
    found = quick(at_most=800).history(Past({duration: minutes}, now), at, span)
    assert found == {START + 16 * DAY: (1.0, 2.0)}


def test_what_is_read_of_the_past_is_bounded() -> None:
    span = HistorySpan(START, START + 12 * DAY, QUARTER)
    now = START + 13.0 * DAY
    assert known_minutes(span, now, 10).start == START
    few = known_minutes(span, now, 1_000)
    assert (span.end - few.start) // MINUTE <= 2_000
    assert few.start % QUARTER == 0
    parts = [*pieces(known_minutes(span, now, 100), 100)]
    assert max(part.end - part.start for part in parts) // MINUTE * 100 <= 400_000
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 100 * DAY))
@settings(max_examples=40)
def test_spans_of_sums_cover_the_whole_span_once(first: int, length: int, now: int) -> None:
    span = HistorySpan(START + first * QUARTER, START + (first + length) * QUARTER, QUARTER)
    parts = [*spans_of_sums(span, START + now)]
    covered = [
        bucket
        for part in parts
        for start in range(part.start, part.end, part.step)
        for bucket in spread({start: (1.0, 2.0)}, part.step, span)
    ]
    assert sorted(covered) == [*range(span.start, span.end, QUARTER)]
    assert all(part.start % part.step == part.end % part.step == 0 for part in parts)
