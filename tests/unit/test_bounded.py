"""YAML and JSON of others: the same values as of the libraries, within limits."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from obs.bounded_json import UnreadableJson, load_json
from obs.bounded_yaml import UnreadableYaml, YamlLimits, load_all_yaml, load_yaml
from obs.difference import unified

LIMITS = YamlLimits(characters=2_000_000, values=10_000, levels=20)
MERGES = "a0: &a0 {b: 1, c: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
documents = st.recursive(
    scalars, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=20
)


@given(documents)
def test_yaml_within_the_limits_has_the_values_of_the_library(document: object) -> None:
    text = yaml.safe_dump(document)
    assert load_yaml(text, LIMITS) == yaml.safe_load(text)
    assert load_all_yaml(f"{text}\n---\n{text}", LIMITS) == [yaml.safe_load(text)] * 2


def test_aliases_merges_and_types_are_those_of_the_library() -> None:
    text = "a: &x {b: [1, 2.5, no, 2020-01-01, null]}\nc: *x\nd: {<<: *x, e: 0x10}\n"
    assert load_yaml(text, LIMITS) == yaml.safe_load(text)
    assert load_yaml("", LIMITS) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (MERGES, "more than 10 000 values"),
        ("- a\n" * 10_001, "more than 10 000 values"),
        ("[" * 21, "deeper than 20 levels"),
        ("[" * 100_000, "deeper than 20 levels"),
        ("&a [[[[[[[[[[x]]]]]]]]]]\n", ""),
        ("- &a [[[[[[[[[[[x]]]]]]]]]]]\n- [[[[[[[[[*a]]]]]]]]]\n", "deeper than 20 levels"),
        ("&a [*a]", "no anchor above it"),
        ("a: 1" + ":59" * 300_000, "number that is too long"),
        ("a: " + "1" * 5_000, "number that is too long"),
        ("x" * 2_000_001, "longer than 2 million characters"),
        ("!!python/object/apply:os.system [x]", "not valid YAML"),
        ("{[a]: 1}", "not valid YAML"),
    ],
)
def test_yaml_beyond_a_limit_is_a_line_and_takes_no_time(text: str, word: str) -> None:
    began = time.monotonic()
    said = ""
    try:
        load_yaml(text, LIMITS)
    except UnreadableYaml as error:
        said = str(error)
    assert word in said
    assert said.isprintable()
    assert bool(said) is bool(word)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"[" * 100_000, "deeper than 100"),
        ("[" * 102 + "]" * 102, "deeper than 100"),
        (b"[" + b"[]," * 600_000 + b"[]]", "more than 1000000 values"),
        (b"1" * 5_000, "number that is too long"),
        (b"\xff", "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_json_beyond_a_limit_is_a_line(text: bytes | str, word: str) -> None:
    with pytest.raises(UnreadableJson, match=word):
        load_json(text)
    assert load_json(b'{"a": [1, null]}') == {"a": [1, None]}


def test_a_difference_spells_out_what_would_move_the_cursor() -> None:
    assert unified(["a"], ["\x1b[2Jb\ttab"], ("one", "other"))[-1] == "+\\x1b[2Jb\ttab"


def test_long_texts_are_compared_as_a_whole() -> None:
    lines = [str(number) for number in range(20_001)]
    assert unified(lines, lines, ("one", "other")) == ()
    assert unified(lines, [*lines[:7], "x"], ("one", "other")) == (
        "one: 20001 lines; other: 8 lines; they differ from line 8 on, and are too long to compare",
    )
