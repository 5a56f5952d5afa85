"""No text takes long: what an expression tries at a place is bounded, and so are the rounds.

Python does not count the steps of an expression. That each is bounded where it begins follows from
its structure; how often what costs more is called is counted with inputs of double length.
"""

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from obs.privacy import assigned
from obs.privacy.detectors import ALL, Form
from obs.privacy.rewrite import Rewriter
from obs.privacy.rules import DEFAULT

FORMS = [form for detector in ALL for form in detector.forms]
PATTERNS = {form.pattern.pattern for form in FORMS} | {
    assigned._NAMED.pattern,
    assigned._VALUE.pattern,
}


def unbounded(pattern: Any, is_last: bool = True) -> list[str]:
    """Repetitions that may take back any number of characters, one by one, and go on from there.

    `is_last`: nothing follows the pattern, so that nothing after it can fail.
    """
    found: list[str] = []
    items = list(pattern)
    for place, (code, argument) in enumerate(items, 1):
        repeats = code in (codes.MAX_REPEAT, codes.MIN_REPEAT)
        if repeats and argument[1] == codes.MAXREPEAT:
            set_of = list(argument[2])
            if not ends_where_it_must(set_of, items[place:], is_last):
                found.append(str(set_of))
        once = is_last and place == len(items) and not (repeats and argument[1] > 1)
        found += [each for inner in inner_patterns(argument) for each in unbounded(inner, once)]
    return found


def ends_where_it_must(repeated: list[Any], rest: list[Any], is_last: bool) -> bool:
    """Whether what follows a repeated set begins with a character that is not of the set: then
    nothing is tried with fewer repetitions, but that character is looked for."""
    if not rest:
        return is_last
    code, argument = rest[0]
    if code is codes.MAX_REPEAT and argument[0] == 0:
        inner = list(argument[2])
        return ends_where_it_must(repeated, inner, False) and ends_where_it_must(
            repeated, rest[1:], is_last
        )
    return code is codes.LITERAL and not may_hold(repeated, argument)


def may_hold(repeated: list[Any], character: int) -> bool:
    """Whether a set has the character; so it may where it is of a kind not known here."""
    if len(repeated) != 1 or repeated[0][0] is not codes.IN:
        return True
    for code, argument in repeated[0][1]:
        if code is codes.LITERAL and argument != character:
            continue
        is_word = code is codes.CATEGORY and argument is codes.CATEGORY_WORD
        if not (is_word and re.fullmatch(r"\W", chr(character))):
            return True
    return False


def inner_patterns(argument: Any) -> list[Any]:
    if isinstance(argument, parser.SubPattern):
        return [argument]
    if isinstance(argument, list | tuple):
        return [inner for each in argument for inner in inner_patterns(each)]
    return []


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_what_may_be_taken_back_is_bounded(pattern: str) -> None:
    assert unbounded(parser.parse(pattern)) == []


@pytest.mark.parametrize(
    "pattern", [r"[\w-]+-", r"[\w-]+(?:-x)?\.", r"(?:[\w-]+){2}", r"(?:a+)?b", r"[\w]+[.x]", r".+x"]
)
def test_what_may_be_taken_back_without_bounds_is_seen(pattern: str) -> None:
    assert unbounded(parser.parse(pattern)) != []


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_repetitions_within_repetitions_are_told_apart(pattern: str) -> None:
    """No part of a repeated part repeats the same characters: (a+)+ would try every division."""
    assert nested_same(parser.parse(pattern)) == []


def nested_same(pattern: Any) -> list[str]:
    found: list[str] = []
    for code, argument in pattern:
        if code is codes.MAX_REPEAT and argument[1] > 1:
            body = list(argument[2])
            repeats = [one for one, _ in body if one in (codes.MAX_REPEAT, codes.MIN_REPEAT)]
            if repeats and len(repeats) == len(body):
                found.append(str(argument[2]))
        found += [each for inner in inner_patterns(argument) for each in nested_same(inner)]
    return found


HOSTILE = (
    *("a@", "a.", "a-", "@a.a", "%40", "1.", "1:", "::", ":1", "0-", "1 ", "(1)", "+1", "+1 2"),
    *("4111", "4111 ", "1111-", "-----BEGIN PRIVATE KEY-----", "-----BEGIN A ", "http://a:", "a:"),
    *("eyJ", "eyJaaaaaaaa.", "-eyJ", "Bearer ", "S", "SA", "ghp_", "xoxb-", "sk-", "AKIA", "phone"),
    *("password=", '"password":"', "a=", "a='", "a" * 40 + "/", "aB3" * 14, "[email]", "00", "2"),
    *("jane@example.com", "4111111111111111", "1.2.3.4", "nats://a:b@", "tel 030901820"),
)


class Counting:
    """Counts the matches that are judged, and the rounds of a rewriter."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.matches = self.rounds = 0
        found = Form.found
        once = Rewriter._once

        def counted(form: Form, text: str) -> Any:
            self.matches += sum(1 for _ in form.pattern.finditer(text))
            return found(form, text)

        def round_of(rewriter: Rewriter, text: str, path: Any) -> str:
            self.rounds += 1
            return once(rewriter, text, path)

        monkeypatch.setattr(Form, "found", counted)
        monkeypatch.setattr(Rewriter, "_once", round_of)

    def of(self, text: str) -> tuple[int, int]:
        self.matches = self.rounds = 0
        Rewriter(DEFAULT, lambda path, kind, value: f"[{kind}]").text(text)
        return self.matches, self.rounds


def test_twice_the_text_is_judged_at_most_twice_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    for piece in HOSTILE:
        short, long = (piece * (length // len(piece)) for length in (2_000, 4_000))
        matches, rounds = counting.of(short)
        more_matches, more_rounds = counting.of(long)
        assert rounds <= 9, piece
        assert more_rounds <= 9, piece
        # For each round: what stands at the end of a text may differ.
        assert more_matches / more_rounds <= 2 * matches / rounds + 40, piece


def test_what_is_never_settled_goes_as_a_whole() -> None:
    shown = Rewriter(DEFAULT, lambda path, kind, value: f"<{kind}> a@example.com").text
    assert shown("jane@example.com").startswith("<text>")


def test_all_expressions_are_compiled_once() -> None:
    assert all(isinstance(form.pattern, re.Pattern) for form in FORMS)
