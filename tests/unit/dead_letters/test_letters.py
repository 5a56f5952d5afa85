"""Which letters are wanted, how they are grouped and shown, and how fast they go."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dead_letters.groups import grouped
from obs.dead_letters.letter import Content, Wanted
from obs.dead_letters.pace import Pace, chunk_size, parse_rate
from obs.dead_letters.purge import SavedLetters
from obs.dead_letters.record import Book
from obs.dead_letters.shown import headers, line, payload
from obs.errors import BadInput
from tests.unit.dead_letters.letters import letter


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        (Wanted(), True),
        (Wanted(causes=("bad schema",)), True),
        (Wanted(causes=("bad*", "other")), True),
        (Wanted(causes=("bad",)), False),
        (Wanted(origins=("worker",)), True),
        (Wanted(origins=("ORDERS/worker",)), True),
        (Wanted(origins=("ORDERS/*",)), True),
        (Wanted(origins=("ORDERS",)), False),
        (Wanted(ids=("ORDERS/worker/5",)), True),
        (Wanted(since=1_005.0), True),
        (Wanted(since=1_005.5), False),
        (Wanted(before=1_005.0), False),
    ],
)
def test_letters_are_chosen_by_cause_origin_id_and_time(wanted: Wanted, is_taken: bool) -> None:
    assert wanted.takes(letter(5)) is is_taken


def test_a_cause_with_brackets_is_matched_as_it_is_written() -> None:
    assert Wanted(causes=("bad [email]",)).takes(letter(1, "bad [email]"))


def test_a_letter_without_a_time_is_in_no_period() -> None:
    assert not Wanted(since=0.0).takes(letter(1, at=None))


def test_groups_are_sorted_by_their_size_and_tell_their_times() -> None:
    groups = grouped([letter(3, "b"), letter(1, "a", gone="gone"), letter(2, "a")])
    assert [(each.why.cause, each.letters, each.gone) for each in groups] == [
        ("a", 2, 1),
        ("b", 1, 0),
    ]
    assert (groups[0].oldest, groups[0].newest, groups[0].id) == (1001, 1002, "ORDERS/worker/1")


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", 50), ("600/m", 10), ("3600/h", 1), ("2.5", 2.5)]
)
def test_a_rate_has_a_unit(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-1/s", "50/d", "fast", "1e3", "20000/s", "nan"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        parse_rate(text)


@given(
    rate=st.floats(0.1, 1_000),
    steps=st.lists(st.tuples(st.integers(1, 50), st.floats(0, 20)), min_size=1, max_size=60),
)
def test_no_period_has_more_than_the_rate_and_two_chunks(
    rate: float, steps: list[tuple[int, float]]
) -> None:
    pace, now = Pace(rate), 0.0
    sent: list[tuple[float, int]] = []
    largest = max(size for size, _ in steps)
    for size, pause in steps:
        now += pace.wait(size, now)
        sent.append((now, size))
        now += pause
    for first, (begin, _) in enumerate(sent):
        total = 0
        for at, size in sent[first:]:
            total += size
            assert total <= (at - begin) * rate + 2 * largest + 1e-6


def test_chunks_are_small_enough_that_a_second_has_several() -> None:
    assert [chunk_size(rate, 50) for rate in (0.1, 1, 50, 100, 10_000)] == [1, 1, 10, 20, 50]


def test_personal_data_and_secrets_are_not_shown() -> None:
    said = Content(
        json.dumps({"email": "ada@example.com", "order": 7}).encode(),
        (("Authorization", "Bearer abcdefghijklmnop"), ("X-Mail", "ada@example.com")),
    )
    shown = letter(1, content=said)
    text = payload(shown, 2_000) + str(headers(shown)) + line("no mailbox of ada@example.com")
    assert "ada" not in text
    assert "abcdefghij" not in text
    assert '"order":7' in text


def test_what_is_not_text_is_told_by_its_size() -> None:
    assert (
        payload(letter(1, content=Content(b"\xff\xfe\x00")), 100) == "(3 bytes that are not text)"
    )


@given(st.binary(max_size=300))
def test_any_payload_can_be_shown(data: bytes) -> None:
    assert isinstance(payload(letter(1, content=Content(data)), 100), str)


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_line_of_a_record_is_read(lines: list[str]) -> None:
    assert Book.of(lines).done == set()


def test_letters_are_saved_to_a_new_file_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    saved = SavedLetters(path)
    saved.add([letter(1, content=Content(b"\xff", (("A", "b"),), "orders"))])
    saved.close()
    document = json.loads(path.read_text())
    assert (document["payload"], document["headers"]) == ("/w==", [["A", "b"]])
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput, match="exists already"):
        SavedLetters(path)
