"""Answers of Prometheus as columns."""

from obs.clients.prometheus import Series
from obs.dashboard_preview.frames import (
    bucket_frames,
    legend,
    legend_labels,
    selector,
    series_frames,
    table_frame,
)

LABELS = {"__name__": "up", "job": "obs", "consumer": "w"}


def test_a_legend_takes_its_labels_from_the_series() -> None:
    assert legend("{{consumer}} of {{ job }}", LABELS) == "w of obs"
    assert legend("lag", LABELS) == "lag"
    assert legend_labels("{{a}} {{ b }} {{a}}") == ("a", "b")


def test_a_legend_that_says_nothing_names_the_series() -> None:
    for form in ("", "__auto", "{{absent}}"):
        assert legend(form, LABELS) == 'up{consumer="w", job="obs"}'
    assert selector({}) == "{}"
    assert selector({"__name__": "up"}) == "up"


def test_a_gap_longer_than_a_step_stays_open() -> None:
    series = Series({}, ((0, 1.0), (15, 2.0), (60, 3.0)))
    (frame,) = series_frames("A", [series], "", 15)
    assert frame.fields[0].values == (0, 15_000, 30_000, 60_000)
    assert frame.fields[1].values == (1.0, 2.0, None, 3.0)


def test_a_table_has_a_column_each_label_and_names_its_value_by_the_query() -> None:
    series = [Series({"b": "1", "a": "x"}, ((10, 5.0),)), Series({"a": "y"}, ((10, 6.0),))]
    frame = table_frame("B", series, only=False)
    assert [field.name for field in frame.fields] == ["Time", "a", "b", "Value #B"]
    assert [field.values for field in frame.fields[1:]] == [("x", "y"), ("1", None), (5.0, 6.0)]
    assert table_frame("B", series, only=True).fields[-1].name == "Value"
    assert table_frame("B", [], only=True).length == 0


def test_buckets_hold_what_the_ones_below_do_not() -> None:
    bounds = {"+Inf": 10.0, "0.5": 7.0, "0.1": 4.0}
    series = [Series({"le": bound}, ((0, count),)) for bound, count in bounds.items()]
    (frame,) = bucket_frames("A", series)
    assert [field.name for field in frame.fields] == ["Time", "0.1", "0.5", "+Inf"]
    assert [field.values[0] for field in frame.fields[1:]] == [4.0, 3.0, 3.0]
