"""Problems as lines: their order, their places, their hints."""

import pytest

from obs.spec.report import InvalidSpec, Problem, both_places, did_you_mean
from obs.spec.tree import FilePlace, path_text


def test_problems_are_sorted_by_file_and_line_as_numbers_and_said_once() -> None:
    problems = [
        Problem("b.yaml", 2, "x", "bad"),
        Problem("a.yaml", 10, "x", "bad"),
        Problem("a.yaml", 9, "y", "bad"),
        Problem("a.yaml", 9, "y", "bad"),
        Problem("a.yaml", None, "", "cannot be read"),
    ]
    assert str(InvalidSpec(problems)).splitlines() == [
        "a.yaml: cannot be read",
        "a.yaml:9: y: bad",
        "a.yaml:10: x: bad",
        "b.yaml:2: x: bad",
    ]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("urll", "; did you mean url?"),
        ("URL", "; did you mean url?"),
        ("objectve", "; did you mean objective?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_only_what_is_close_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, ["url", "objective"]) == hint


def test_a_clash_names_the_file_only_where_it_is_another() -> None:
    first, second = FilePlace("a.yaml", 3, ()), FilePlace("b.yaml", 7, ())
    assert both_places(FilePlace("a.yaml", 7, ()), first) == "given twice; it is already on line 3"
    assert both_places(second, first) == "given twice; it is already at a.yaml:3"


def test_a_path_is_written_as_people_write_it_and_on_one_line() -> None:
    assert path_text(("slos", 0, "sli", "rules", 2)) == "slos[0].sli.rules[2]"
    assert path_text(("a", "x\ny")) == r"a.'x\ny'"
    assert path_text(()) == ""
