"""Grafana's transformations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.prometheus import Series
from obs.dashboard_preview.frames import Field, Frame, series_frames
from obs.dashboard_preview.transform import UnknownTransformation, shown_name, transformed


def frame(ref: str, **columns: tuple[Any, ...]) -> Frame:
    fields = (
        Field(
            name.replace("_", " "),
            "number" if all(isinstance(v, float) or v is None for v in values) else "string",
            values,
        )
        for name, values in columns.items()
    )
    return Frame(ref, tuple(fields))


def step(name: str, **options: Any) -> list[dict[str, Any]]:
    return [{"id": name, "options": options}]


def rows(frames: list[Frame]) -> list[dict[str, Any]]:
    (one,) = frames
    names = [shown_name(field) for field in one.fields]
    columns = zip(*(field.values for field in one.fields), strict=True)
    return [dict(zip(names, row, strict=True)) for row in columns]


LAG = frame("A", consumer=("x", "y"), Value_A=(1.0, 2.0))
AGE = frame("B", consumer=("y", "z"), Value_B=(20.0, 30.0))


def test_merge_puts_rows_with_the_same_keys_into_one() -> None:
    assert rows(transformed([LAG, AGE], step("merge"))) == [
        {"consumer": "x", "Value A": 1.0, "Value B": None},
        {"consumer": "y", "Value A": 2.0, "Value B": 20.0},
        {"consumer": "z", "Value A": None, "Value B": 30.0},
    ]


def test_merge_leaves_out_queries_without_an_answer() -> None:
    assert transformed([LAG, Frame("B", ())], step("merge")) == [LAG]


def test_merge_keeps_frames_apart_that_have_nothing_in_common() -> None:
    other = frame("B", other=(1.0,))
    assert transformed([LAG, other], step("merge")) == [LAG, other]


def test_merge_keeps_rows_apart_that_contradict_each_other() -> None:
    again = frame("B", consumer=("x",), Value_A=(7.0,))
    assert [row["Value A"] for row in rows(transformed([LAG, again], step("merge")))] == [
        *(1.0, 2.0, 7.0)
    ]


def test_organize_leaves_out_orders_and_renames() -> None:
    options = {
        "excludeByName": {"Value B": True, "consumer": False},
        "indexByName": {"Value A": 0, "consumer": 1},
        "renameByName": {"Value A": "Lag"},
    }
    found = transformed([LAG, AGE], [*step("merge"), *step("organize", **options)])
    assert [shown_name(field) for field in found[0].fields] == ["Lag", "consumer"]


def test_sort_by_puts_what_is_missing_last() -> None:
    one = frame("A", name=("a", "b", "c"), size=(1.0, None, 3.0))
    for falling, names in ((True, ["c", "a", "b"]), (False, ["a", "c", "b"])):
        found = transformed([one], step("sortBy", sort=[{"field": "size", "desc": falling}]))
        assert [row["name"] for row in rows(found)] == names


def test_fields_are_filtered_by_name_and_pattern() -> None:
    found = transformed([LAG], step("filterFieldsByName", include={"names": ["consumer"]}))
    assert [field.name for field in found[0].fields] == ["consumer"]
    found = transformed([LAG], step("filterFieldsByName", exclude={"pattern": "/^value/i"}))
    assert [field.name for field in found[0].fields] == ["consumer"]


def test_frames_are_joined_by_a_column() -> None:
    inner = transformed([LAG, AGE], step("joinByField", byField="consumer", mode="inner"))
    assert rows(inner) == [{"consumer": "y", "Value A": 2.0, "Value B": 20.0}]
    outer = transformed([LAG, AGE], step("joinByField", byField="consumer", mode="outer"))
    assert [row["consumer"] for row in rows(outer)] == ["x", "y", "z"]


def test_series_become_rows_with_their_calculations() -> None:
    series = [Series({"c": "x"}, ((0, 1.0), (15, 5.0))), Series({"c": "y"}, ((0, 2.0),))]
    frames = series_frames("A", series, "{{c}}")
    found = transformed(frames, step("reduce", reducers=["lastNotNull", "max"]))
    assert rows(found) == [
        {"Field": "x", "Last *": 5.0, "Max": 5.0},
        {"Field": "y", "Last *": 2.0, "Max": 2.0},
    ]


def test_labels_become_columns() -> None:
    frames = series_frames("A", [Series({"c": "x"}, ((0, 1.0),))], "")
    (found,) = transformed(frames, step("labelsToFields"))
    assert [field.name for field in found.fields] == ["Time", "c", "Value"]


def test_series_are_renamed_by_a_pattern() -> None:
    frames = series_frames("A", [Series({"c": "x"}, ((0, 1.0),))], "lag of {{c}}")
    (found,) = transformed(frames, step("renameByRegex", regex="lag of (.*)", renamePattern="$1!"))
    assert found.fields[1].display == "x!"


def test_what_is_switched_off_is_not_done_and_what_is_unknown_is_told() -> None:
    off = [{"id": "sortBy", "disabled": True, "options": {}}]
    assert transformed([LAG], off) == [LAG]
    with pytest.raises(UnknownTransformation, match="heatmapOfDreams"):
        transformed([LAG], step("heatmapOfDreams"))


KEYS = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


@given(KEYS, KEYS)
def test_merge_loses_no_key_and_no_value(left: list[str], right: list[str]) -> None:
    one = frame("A", key=tuple(left), p=tuple(float(ord(key)) for key in left))
    two = frame("B", key=tuple(right), q=tuple(-float(ord(key)) for key in right))
    found = rows(transformed([one, two], step("merge")))
    assert [row["key"] for row in found] == list(dict.fromkeys([*left, *right]))
    assert [it for it in found if (it["p"] == ord(it["key"])) != (it["key"] in left)] == []
    assert [it for it in found if (it["q"] == -ord(it["key"])) != (it["key"] in right)] == []
