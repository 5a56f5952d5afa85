"""Variables in values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.spec.expand import UndefinedVariable, expand, expand_text
from obs.spec.parse import parse
from obs.spec.tree import plain


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "one"),
        ("x-${A}-${A}", "x-one-one"),
        ("${B:-two}", "two"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY}", ""),
        ("${B:-}", ""),
        ("${B:-http://x:1}", "http://x:1"),
        ("$${A}", "${A}"),
        ("$A costs $5 {A}", "$A costs $5 {A}"),
    ],
)
def test_a_reference_becomes_its_value_or_its_default(text: str, result: str) -> None:
    assert expand_text(text, {"A": "one", "EMPTY": ""}) == result


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(UndefinedVariable, match="NOT_SET"):
        expand_text("a ${NOT_SET}", {})


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A-b}", "${A", "${ A }"])
def test_a_malformed_reference_is_reported_with_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid reference; write"):
        expand_text(text, {"A": "one"})


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_a_reference_stays_as_it_is(text: str) -> None:
    assert expand_text(text, {}) == text


@given(st.text(), st.text(), st.text(min_size=1))
def test_a_value_is_never_expanded_again(before: str, after: str, value: str) -> None:
    before, after = before.replace("$", ""), after.replace("$", "")
    assert expand_text(f"{before}${{A}}{after}", {"A": value}) == before + value + after


@given(st.text())
def test_escaping_every_reference_gives_the_text_back(text: str) -> None:
    text = text.replace("$$", "")
    assert expand_text(text.replace("${", "$${"), {}).count("${") == text.count("${")


def test_secrets_keep_their_reference() -> None:
    tree, _ = parse("a.yaml", "a: ${X}\npassword: ${X}\n")
    assert tree is not None
    expanded = expand(tree, {"X": "value"}, lambda path: path[-1] == "password")
    assert plain(expanded.tree) == {"a": "value", "password": "${X}"}


def test_an_empty_expansion_leaves_the_field_out() -> None:
    tree, _ = parse("a.yaml", "a: ${X:-}\nb: 1\n")
    assert tree is not None
    assert plain(expand(tree, {}, lambda path: False).tree) == {"b": 1}
