"""Text of other systems becomes one plain line."""

import json
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from obs.errors import BadInput, SourceError
from obs.redaction.known import KNOWN
from obs.redaction.text import clean_lines, one_line, printable

ANY_TEXT = st.text(st.characters())  # halves of characters and control characters too


@given(ANY_TEXT, st.integers(1, 50))
def test_any_text_becomes_one_printable_line_of_at_most_that_length(text: str, most: int) -> None:
    line = one_line(text, most)
    assert line.isprintable()
    assert len(line) <= most
    line.encode()


@given(ANY_TEXT)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)


@given(ANY_TEXT)
def test_lines_of_our_own_stay_lines(text: str) -> None:
    assert all(line.isprintable() for line in clean_lines(text).split("\n"))


@settings(max_examples=30)
@given(st.recursive(ANY_TEXT | st.integers(), lambda x: st.lists(x) | st.dictionaries(ANY_TEXT, x)))
def test_json_that_is_printed_stays_the_same_json(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    shown = printable(text)
    assert json.loads(shown) == json.loads(json.dumps(document))
    assert all(line.isprintable() for line in shown.split("\n"))


def test_what_a_terminal_would_obey_is_shown() -> None:
    text = (
        "a\x1b[31mred\x1b]0;t\x07 \u202egnp\u2066 \x9b2J nul\0 \ud800 \U000e0041 b\r\nline\x85two"
    )
    assert one_line(text) == (
        r"a\u001b[31mred\u001b]0;t\u0007 \u202egnp\u2066 \u009b2J nul\u0000 \ud800 "
        r"\udb40\udc41 b line two"
    )


def test_a_secret_is_redacted_before_the_text_is_cut() -> None:
    KNOWN.add("hunter2hunter2")
    assert one_line(f"{'x' * 95} hunter2hunter2", 100) == f"{'x' * 95} …"
    assert "hunt" not in one_line(f"{'x ' * 8_188}hunter2hunter2", 20_000)


def test_only_the_beginning_of_an_endless_text_is_looked_at() -> None:
    begun = time.process_time()
    assert len(one_line("word " * 20_000_000, 300)) == 300
    assert time.process_time() - begun < 1


def test_every_error_is_redacted_and_plain_whoever_makes_it() -> None:
    KNOWN.add("hunter2hunter2")
    assert str(SourceError("auth", "no: hunter2hunter2\n\x1b[2J")) == r"no: … \u001b[2J"
    assert str(BadInput("a: user:pw@host\nb: \x1b")) == "a: …@host\nb: \\u001b"


def test_a_log_line_is_looked_through_in_fifty_microseconds() -> None:
    for number in range(50):
        KNOWN.add(f"{number:02}kX83pQzw71Tt0aYbbR5{number * 7919:06}")
    line = "source nats failed: connection: 10.0.0.1:8222: cannot connect, or connection lost; " * 2
    times = []
    for _ in range(20):
        begun = time.process_time()
        for _ in range(50):
            one_line(line)
        times.append((time.process_time() - begun) / 50)
    assert min(times) < 50e-6  # 12 on an idle machine
