from hypothesis import given
from hypothesis import strategies as st

from obs.series.family import Rows
from obs.sinks.labels import LONGEST, RowCache, bounded, escaped, label_texts


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


def test_texts_are_made_once_for_the_same_rows() -> None:
    cache, rows = RowCache(), Rows([("x",)])
    assert cache.texts(rows, ("a",)) is cache.texts(rows, ("a",))
    assert cache.texts(rows, ("b",)) == ['{b="x"} ']


def test_repeated_rows_are_told_by_index() -> None:
    cache = RowCache()
    assert cache.repeated(Rows([("x",), ("y",), ("x",), ("x",)])) == {2, 3}
    assert cache.repeated(Rows([("x",), ("y",)])) == frozenset()


def test_rows_shared_with_earlier_rows_are_told_by_index() -> None:
    cache, earlier = RowCache(), Rows([("x",), ("y",)])
    assert cache.shared(Rows([("z",), ("y",)]), earlier) == {1}
    assert cache.shared(Rows([("z",)]), earlier) == frozenset()
    assert cache.shared(earlier, earlier) == {0, 1}


def test_nothing_is_kept_of_rows_that_are_gone() -> None:
    cache, rows, other = RowCache(), Rows([("x",)]), Rows([("y",)])
    cache.texts(rows, ("a",))
    cache.repeated(rows)
    cache.shared(rows, other)
    del rows
    assert not any((cache._texts, cache._repeated, cache._shared))
