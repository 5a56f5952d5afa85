from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows
from obs.sinks.labels import LONGEST, Duplicates, PerRows, bounded, escaped, label_texts

METRIC = Metric("m", Kind.GAUGE, "M.", ("a",))


@given(st.text(max_size=LONGEST))
def test_a_short_value_stays_as_it_is(value: str) -> None:
    assert bounded(value) == value


@given(st.text(st.characters(), min_size=LONGEST + 1, max_size=2 * LONGEST))
def test_a_long_value_is_cut_to_the_limit(value: str) -> None:
    assert len(bounded(value)) == LONGEST
    assert bounded(value) == bounded(value)


def test_long_values_that_differ_at_the_end_stay_different() -> None:
    assert bounded("x" * 500 + "1") != bounded("x" * 500 + "2")


def test_the_cut_is_the_same_in_every_process() -> None:
    assert bounded("x" * 500).endswith("x~a92416ce90ce9908")


def test_a_lone_surrogate_becomes_text_that_can_be_encoded() -> None:
    assert bounded("a\ud800b") == "a\\ud800b"


def test_quotes_backslashes_and_newlines_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == r"a\"b\\c\nd"


def test_label_texts_end_in_the_blank_before_the_value() -> None:
    assert label_texts(Rows([("x", "y%s")]), ("a", "b")) == ['{a="x",b="y%s"} ']
    assert label_texts(Rows([()]), ()) == [" "]


def test_labels_of_all_follow_those_of_a_row() -> None:
    of_all = (("environment", '5% "test"'), ("system", "shop"))
    own = label_texts(Rows([("x",)]), ("a",), of_all)
    assert own == [r'{a="x",environment="5% \"test\"",system="shop"} ']
    none = label_texts(Rows([()]), (), of_all)
    assert none == [r'{environment="5% \"test\"",system="shop"} ']


def test_what_is_made_of_rows_is_made_once() -> None:
    texts, rows = PerRows(label_texts), Rows([("x",)])
    assert texts(rows, ("a",)) is texts(rows, ("a",))
    assert texts(rows, ("b",)) == ['{b="x"} ']


def test_repeated_rows_are_told_by_index() -> None:
    duplicates = Duplicates()
    assert duplicates.repeated(Rows([("x",), ("y",), ("x",), ("x",)])) == {2, 3}
    assert duplicates.repeated(Rows([("x",), ("y",)])) == frozenset()


def test_rows_that_earlier_families_have_samples_of_are_told_by_index() -> None:
    duplicates = Duplicates()
    rows = Rows([("z",), ("y",), ("x",)])
    earlier = Family(METRIC, Rows([("x",), ("y",)]), [None, 1])
    assert duplicates.given(Family(METRIC, rows, [1, 2, 3]), [earlier]) == {1}
    assert duplicates.given(Family(METRIC, rows, [1, 2, 3]), []) == frozenset()
    again = Family(METRIC, rows, [1, None, 3])
    assert duplicates.given(again, [again]) == {0, 2}


def test_nothing_is_kept_of_rows_that_are_gone() -> None:
    texts, duplicates = PerRows(label_texts), Duplicates()
    rows, other = Rows([("x",)]), Rows([("y",)])
    texts(rows, ("a",))
    duplicates.repeated(rows)
    duplicates.given(Family(METRIC, rows, [1]), [Family(METRIC, other, [1])])
    del rows
    memories = (texts._made, duplicates._repeated, duplicates._shared)
    assert [memory for memory in memories if memory] == []
