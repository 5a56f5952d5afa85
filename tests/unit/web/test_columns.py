"""Texts made to fit into the columns of a terminal."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.web.page.columns import columns, cut, padded, shortened


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("", 0),
        ("orders", 6),
        ("größe", 5),
        ("日本語", 6),
        ("🚀", 2),
        (normalize("NFD", "ü"), 1),
    ],
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, takes: int) -> None:
    assert columns(text) == takes


@given(st.text(), st.integers(3, 40))
def test_what_is_made_to_fit_fits(text: str, width: int) -> None:
    for made in (cut(text, width), shortened(text, width)):
        assert columns(made) <= width
        assert (made == text) == (columns(text) <= width)
        assert columns(padded(made, width)) == width


def test_the_begin_and_the_end_of_a_long_name_are_kept() -> None:
    assert shortened("a-very-long-name-of-a-consumer (ORDERS)", 21) == "a-very-lon…r (ORDERS)"
    assert cut("a-very-long-name", 7) == "a-very…"
