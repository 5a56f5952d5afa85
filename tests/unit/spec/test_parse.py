"""YAML text to a tree that knows its lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.spec.parse import parse, read_scalar
from obs.spec.tree import Fields, locate, plain, scalars
from obs.spec.tree import Path as TreePath


def tree_of(text: str) -> Fields:
    tree, problems = parse("a.yaml", text)
    assert problems == []
    assert tree is not None
    return tree


def problems_of(text: str) -> list[str]:
    return [str(problem) for problem in parse("a.yaml", text)[1]]


def test_every_value_knows_its_line_and_its_path() -> None:
    tree = tree_of("a: 1\nb:\n  - x\n  - c: 2\n    d: >\n      long\n      text\n")
    assert {(path, scalar.place.line) for path, scalar in scalars(tree)} == {
        (("a",), 1),
        (("b", 0), 3),
        (("b", 1, "c"), 4),
        (("b", 1, "d"), 5),
    }
    assert [path for path, scalar in scalars(tree) if scalar.place.path != path] == []


def test_a_value_on_the_line_after_its_key_is_reported_where_it_stands() -> None:
    assert locate(tree_of("a:\n  12\n"), ("a",)).line == 2


def test_a_mapping_and_an_empty_value_are_reported_at_their_key() -> None:
    tree = tree_of("a:\n  b: 1\nc:\n\nd: 1\n")
    assert locate(tree, ("a",)).line == 1
    assert locate(tree, ("c",)).line == 3


def test_what_is_missing_is_reported_where_it_would_belong() -> None:
    place = locate(tree_of("a:\n  b: 1\n"), ("a", "x", 0))
    assert (place.line, place.path) == (1, ("a", "x", 0))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("010", 10),
        ("-3", -3),
        ("99.9", 99.9),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        (".", "."),
        ("9" * 5000, float("inf")),
    ],
)
def test_scalars_are_read_by_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    assert read_scalar(text) == value
    assert type(read_scalar(text)) is type(value)


def test_quoted_scalars_stay_text() -> None:
    assert plain(tree_of("a: '1'\nb: \"true\"\nc: !!str 5\n")) == {"a": "1", "b": "true", "c": "5"}


def test_a_field_without_a_value_is_left_out() -> None:
    assert plain(tree_of("a:\nb: 1\n")) == {"b": 1}


def test_a_key_given_twice_is_named_with_both_lines_and_at_every_depth() -> None:
    assert problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "a.yaml:4: b.c: given twice; it is already on line 3",
        "a.yaml:5: a: given twice; it is already on line 1",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a.yaml: is empty; a spec begins with version: 1"),
        ("# only a comment\n", "a.yaml: is empty; a spec begins with version: 1"),
        ("- a\n", "a.yaml:1: is a list; a spec is a mapping that begins with version: 1"),
        (
            "\nhello\n",
            "a.yaml:2: is a single value; a spec is a mapping that begins with version: 1",
        ),
        ("a: 1\n\tb: 2\n", "a.yaml:2: indented with a tab; YAML wants spaces"),
        ("a:\n  - b: 1\n\t  c: 2\n", "a.yaml:3: indented with a tab; YAML wants spaces"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: a second YAML document; write one a file"),
        ("a: *x\n", "a.yaml:1: *x refers to no anchor above it"),
        ("a: &x\n  b: *x\n", "a.yaml:2: *x refers to no anchor above it"),
        ("? [a, b]\n: 1\n", "a.yaml:1: a key must be a single word"),
        ("a: 1\nb: \x01\n", "a.yaml:2: character U+0001 is not allowed in YAML; remove it"),
        ("a: !!python/object:os.system x\n", "a.yaml:1: a: YAML tags are not used here; remove it"),
    ],
)
def test_what_is_no_spec_is_said_in_one_line(text: str, words: str) -> None:
    assert problems_of(text) == [words]


@pytest.mark.parametrize(
    "text", ["a: [1, 2\nb: 3\n", "a: 'x\n", "a: b: c\n", "a: 1\n b: 2\n", "{", "%"]
)
def test_broken_yaml_is_one_problem_with_a_line(text: str) -> None:
    (problem,) = parse("a.yaml", text)[1]
    assert problem.line is not None
    assert "is not valid YAML: " in str(problem)
    assert "\n" not in problem.message


def test_an_anchor_repeats_what_it_names() -> None:
    assert plain(tree_of("a: &x {b: 1}\nc: *x\n")) == {"a": {"b": 1}, "c": {"b": 1}}


def test_aliases_that_multiply_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 500000 values" in problems_of("\n".join(lines))[0]


def test_what_is_nested_too_deep_is_refused_even_through_aliases() -> None:
    assert "nested deeper" in problems_of("a: " + "[" * 5000)[0]
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 500))]
    assert "nested deeper" in problems_of("\n".join(lines))[0]


def test_levels_below_an_alias_count_as_if_they_were_written_out() -> None:
    def refused(written: str, around: int) -> bool:
        anchors = "a: &a [[[x]], y]\nb: &b {c: *a, d: z}\n"
        text = anchors + f"e: {'[' * around}{written}{']' * around}"
        return any("nested deeper" in each for each in problems_of(text))

    verdicts = [refused("*b", around) for around in range(40, 70)]
    assert verdicts == [refused("{c: [[[x]], y], d: z}", around) for around in range(40, 70)]
    assert set(verdicts) == {True, False}


@given(st.text())
def test_arbitrary_text_gives_a_tree_or_problems(text: str) -> None:
    tree, problems = parse("a.yaml", text)
    assert tree is not None or problems


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["flow", "block", "list"])),
        min_size=1,
        max_size=12,
    )
)
def test_lines_are_right_wherever_a_value_is_placed(layout: list[tuple[int, str]]) -> None:
    lines: list[str] = []
    expected: dict[TreePath, int] = {}
    for index, (gap, form) in enumerate(layout):
        lines += ["# comment"] * gap
        key = f"k{index}"
        if form == "flow":
            lines.append(f"{key}: {{x: {index}}}")
            expected[(key, "x")] = len(lines)
        elif form == "block":
            lines += [f"{key}:", "", f"  x: {index}"]
            expected[(key, "x")] = len(lines)
        else:
            lines += [f"{key}:", "  - 1", f"  - {index}"]
            expected[(key, 1)] = len(lines)
    tree = tree_of("\n".join(lines) + "\n")
    assert {path: locate(tree, path).line for path in expected} == expected


def test_the_reference_spec_is_plain_yaml() -> None:
    text = (Path(__file__).parents[3] / "collectors" / "oms.yaml").read_text(encoding="utf-8")
    assert tree_of(text).fields["system"] is not None
