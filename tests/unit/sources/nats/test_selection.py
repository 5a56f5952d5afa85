from hypothesis import given
from hypothesis import strategies as st

from obs.sources.nats.selection import chooser
from obs.spec.globs import takes
from obs.spec.nats import Selection

NAMES = st.text("abAB-_[]*?!.\n", max_size=6)
GLOBS = st.text("ab*?[]!-.", min_size=1, max_size=6)


@given(NAMES, st.lists(GLOBS, min_size=1, max_size=3), st.lists(GLOBS, max_size=3))
def test_a_chooser_takes_what_the_spec_says_a_selection_takes(
    name: str, include: list[str], exclude: list[str]
) -> None:
    selection = Selection(include=tuple(include), exclude=tuple(exclude))
    assert chooser(selection)(name) == takes(name, selection.include, selection.exclude)


def test_what_is_excluded_wins() -> None:
    choose = chooser(Selection(include=("orders-*",), exclude=("*-test",)))
    assert [name for name in ("orders-eu", "orders-test", "other") if choose(name)] == ["orders-eu"]


def test_names_are_case_sensitive() -> None:
    assert not chooser(Selection(include=("orders",)))("ORDERS")
