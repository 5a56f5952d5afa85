"""Globs, and whether two of them may match the same name."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.spec.globs import GlobIndex, escaped, fixed_prefix, may_overlap, plain_name, takes

patterns = st.text(alphabet="ab-*?[]!", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("oms-*", "oms-schema-changed", True),
        ("*-changed", "oms-*", True),
        ("oms-*", "crm-*", False),
        ("a?c", "ab?", True),
        ("a[bc]", "a[cd]", True),
        ("a[bc]", "a[de]", False),
        ("a[!b]", "ab", False),
        ("*", "", True),
        ("?", "", False),
        ("[", "[", True),
        ("A", "a", False),
    ],
)
def test_globs_overlap_where_some_name_matches_both(one: str, other: str, overlap: bool) -> None:
    assert may_overlap(one, other) is overlap
    assert may_overlap(other, one) is overlap


@st.composite
def names_with_two_globs(draw: st.DrawFn) -> tuple[str, str, str]:
    """A name, and two globs that both match it."""
    name = draw(st.text(alphabet="abc-", max_size=6))
    globs = []
    for _ in range(2):
        glob = draw(st.sampled_from(["", "*"]))
        for character in name:
            forms = [
                character,
                "?",
                "*",
                "**",
                f"[{character}x]",
                f"[!{'z' if character != 'z' else 'y'}]",
            ]
            glob += draw(st.sampled_from(forms)) + draw(st.sampled_from(["", "", "*"]))
        globs.append(glob)
    return name, globs[0], globs[1]


@given(names_with_two_globs())
def test_globs_that_both_match_a_name_overlap(example: tuple[str, str, str]) -> None:
    name, one, other = example
    assert fnmatchcase(name, one)
    assert fnmatchcase(name, other)
    assert may_overlap(one, other)


@given(patterns, st.text(alphabet="ab-", max_size=6))
def test_a_glob_overlaps_a_plain_name_exactly_where_it_matches(glob: str, name: str) -> None:
    assert may_overlap(glob, name) == fnmatchcase(name, glob)


def test_what_is_excluded_wins() -> None:
    assert takes("ORDERS", ["*"], ["TMP*"])
    assert not takes("TMP1", ["*"], ["TMP*"])
    assert not takes("ORDERS", ["OMS*"], [])


@given(st.lists(patterns, max_size=5), patterns)
def test_an_index_finds_what_comparing_each_glob_finds(globs: list[str], other: str) -> None:
    index = GlobIndex(globs)
    assert index.overlaps(other) == any(may_overlap(other, glob) for glob in globs)
    assert index.overlaps(other) == any(may_overlap(other, glob) for glob in globs)  # remembered
    assert index.matches(other) == any(fnmatchcase(other, glob) for glob in globs)


@given(names_with_two_globs())
def test_an_index_finds_a_glob_and_a_name(example: tuple[str, str, str]) -> None:
    name, one, other = example
    assert GlobIndex([one]).matches(name)
    assert GlobIndex([name, "z*"]).overlaps(one)
    assert GlobIndex([one, "z"]).overlaps(other)
    assert GlobIndex([one]).overlaps(name)


@given(st.text(max_size=8) | patterns, st.text(max_size=8) | patterns)
def test_any_name_can_be_written_so_that_it_alone_is_matched(name: str, other: str) -> None:
    glob = escaped(name)
    assert plain_name(glob) == name
    assert fixed_prefix(glob) == name
    assert fnmatchcase(name, glob)
    assert fnmatchcase(other, glob) == (other == name)
    assert GlobIndex([glob]).matches(name)
    assert GlobIndex([name, "z*"]).overlaps(glob) == GlobIndex([name, "z*"]).matches(name)


@given(patterns, patterns)
def test_a_glob_stands_for_one_name_only_where_it_matches_no_other(glob: str, other: str) -> None:
    name = plain_name(glob)
    if name is not None:
        assert fnmatchcase(name, glob)
        assert fnmatchcase(other, glob) == (other == name)


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("orders", "orders"),
        ("orders[*]", "orders*"),
        ("[?][[]x]", "?[x]"),
        ("open[", "open["),
        ("[!]", "[!]"),
        ("orders*", None),
        ("[ab]", None),
        ("[!a]", None),
    ],
)
def test_a_wildcard_in_brackets_is_that_character(glob: str, name: str | None) -> None:
    assert plain_name(glob) == name
