"""What a replay sends, records and removes, and what ends it; the record is a real file."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from obs.dead_letters.letter import DeadLetter, Wanted
from obs.dead_letters.plan import planned
from obs.dead_letters.record import Book
from obs.dead_letters.record_file import RecordFile, read_book
from obs.dead_letters.replay import Order, Progress, Replay
from obs.errors import BadInput, SourceError
from tests.unit.dead_letters.letters import FakeBox, letter

BAD_SCHEMA = Wanted(causes=("bad schema",))


class Clock:
    """Time that passes only in sleep; `ends_at`: when the user ends the run."""

    def __init__(self, ends_at: float = float("inf")) -> None:
        self.at = 0.0
        self.ends_at = ends_at

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> bool:
        self.at += seconds
        return self.at >= self.ends_at


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "state" / "record.jsonl"


def run(box: FakeBox, record: Path, order: Order, clock: Clock | None = None) -> Progress:
    with closing(RecordFile(record, lambda: 1_700_000_000.0)) as file:
        return Replay(box, file, order, clock or Clock()).run()


def deeds(record: Path) -> list[tuple[str, str]]:
    lines = map(json.loads, record.read_text().splitlines())
    return [(each["deed"], each.get("id", "")) for each in lines]


def three_causes() -> list[DeadLetter]:
    causes = ("bad schema", "unknown tenant", "max_deliveries")
    return [letter(i, causes[i % 3]) for i in range(30)]


def test_one_cause_is_sent_and_removed_and_the_others_stay(record: Path) -> None:
    box = FakeBox(three_causes())
    progress = run(box, record, Order(BAD_SCHEMA))
    assert (progress.sent, progress.removed, progress.others, progress.ended) == (10, 10, 20, "")
    assert {each.cause for each in box.letters} == {"unknown tenant", "max_deliveries"}


def test_each_letter_is_recorded_before_and_after_it_is_sent_without_what_it_says(
    record: Path,
) -> None:
    run(FakeBox([letter(1)]), record, Order(Wanted()))
    assert [deed for deed, _ in deeds(record)] == ["intent", "done", "removed"]
    first = json.loads(record.read_text().splitlines()[0])
    assert first.pop("run")
    assert first == {
        "at": "2023-11-14T22:13:20.000Z",
        "deed": "intent",
        "id": "ORDERS/worker/1",
        "key": "ORDERS/worker/1~1001.000",
        "cause": "bad schema",
        "origin": "ORDERS/worker",
        "to": "orders",
        "message_id": "obs-replay:ORDERS/worker/1~1001.000",
    }
    assert record.stat().st_mode & 0o777 == 0o600


def test_letters_are_sent_at_the_rate(record: Path) -> None:
    clock = Clock()
    run(FakeBox([letter(i) for i in range(100)]), record, Order(Wanted(), rate=50, watch=0), clock)
    assert clock.at == pytest.approx(100 / 50 - 10 / 50)  # the last chunk is sent at its beginning


def test_a_run_that_fails_in_between_is_finished_by_the_next_one(record: Path) -> None:
    letters = [letter(i) for i in range(30)]
    box = FakeBox(letters)
    box.fails_at, box.error = 14, SourceError("timeout", "no answer")
    with pytest.raises(SourceError, match="no answer"):
        run(box, record, Order(Wanted()))
    assert len(box.sent) == 14
    assert len(box.letters) == 16  # what was sent is out although the run failed
    again = FakeBox(box.letters)
    progress = run(again, record, Order(Wanted()))
    assert (progress.sent, progress.unsure) == (16, 6)  # 6 of the chunk whose answer did not come
    assert sorted(box.sent + again.sent) == sorted(each.id for each in letters)


def test_what_was_sent_but_not_removed_is_only_removed(record: Path) -> None:
    letters = [letter(i) for i in range(3)]
    run(FakeBox(letters), record, Order(Wanted()))
    again = FakeBox(letters)  # as if the run had been killed before it removed them
    progress = run(again, record, Order(Wanted()))
    assert (again.sent, progress.finished, again.letters) == ([], 3, [])


def test_a_letter_of_a_stream_that_was_made_anew_is_another_one(record: Path) -> None:
    run(FakeBox([letter(1)]), record, Order(Wanted()))
    later = FakeBox([letter(1, at=9_999.0)])
    assert run(later, record, Order(Wanted())).sent == 1


def test_unsure_letters_stay_where_the_user_says_so(record: Path) -> None:
    box = FakeBox([letter(1)])
    box.fails_at, box.error = 0, SourceError("timeout", "no answer")
    with pytest.raises(SourceError):
        run(box, record, Order(Wanted()))
    again = FakeBox([letter(1)])
    progress = run(again, record, Order(Wanted(), skip_unsure=True))
    assert (again.sent, progress.skipped, progress.is_incomplete) == ([], 1, True)


def test_what_is_not_permitted_was_not_sent(record: Path) -> None:
    box = FakeBox([letter(1)])
    box.fails_at, box.error = 0, SourceError("auth", "not permitted")
    with pytest.raises(SourceError):
        run(box, record, Order(Wanted()))
    assert run(FakeBox([letter(1)]), record, Order(Wanted())).unsure == 0


class Failing(FakeBox):
    """Each letter that is sent comes back."""

    def newcomers(self) -> list[DeadLetter]:
        return [letter(1_000 + at + 1, at=5_000.0 + at) for at in range(len(self.sent))]


def test_a_replay_stops_when_a_letter_comes_back(record: Path) -> None:
    box = Failing([letter(i) for i in range(500)])
    progress = run(box, record, Order(Wanted(), rate=50))
    assert progress.ended == "returned"
    assert len(box.sent) <= 60  # looked at once a second
    assert progress.returned[0][1] == "ORDERS/worker/0"
    assert deeds(record)[-1] == ("stopped", "")
    assert ("returned", "ORDERS/worker/1001") in deeds(record)


def test_the_last_letters_are_watched_for_a_while(record: Path) -> None:
    box = FakeBox([letter(1)])
    clock = Clock()

    def arrive() -> list[DeadLetter]:
        return [letter(1_001, at=5_000.0)] if clock.at >= 7 else []

    box.newcomers = arrive  # type: ignore[method-assign]
    assert run(box, record, Order(Wanted(), watch=10), clock).ended == "returned"
    assert clock.at < 10


def test_what_came_back_is_sent_once_more_only_when_asked_for(record: Path) -> None:
    run(FakeBox([letter(1)]), record, Order(Wanted()))
    back = letter(1_001, at=5_000.0)  # the replay was message 1001 of ORDERS
    box = FakeBox([back])
    progress = run(box, record, Order(Wanted()))
    assert (box.sent, progress.known_returned, progress.is_incomplete) == ([], 1, True)
    assert run(FakeBox([back]), record, Order(Wanted(), again=True)).sent == 1


def test_a_refused_letter_stops_it_and_stays(record: Path) -> None:
    box = FakeBox([letter(i) for i in range(100)])
    box.refuses = {"ORDERS/worker/12"}
    progress = run(box, record, Order(Wanted(), rate=50))
    assert progress.ended == "refused"
    assert "ORDERS/worker/12" in {each.id for each in box.letters}
    assert progress.sent == 19


def test_a_letter_whose_message_is_gone_stays(record: Path) -> None:
    box = FakeBox([letter(1), letter(2)])
    box.gone = {"ORDERS/worker/1"}
    progress = run(box, record, Order(Wanted()))
    assert (progress.sent, len(progress.gone), progress.is_incomplete) == (1, 1, True)


def test_the_user_ends_it_between_two_letters(record: Path) -> None:
    box = FakeBox([letter(i) for i in range(100)])
    progress = run(box, record, Order(Wanted(), rate=10), Clock(ends_at=5.0))
    assert progress.ended == "interrupted"
    assert 0 < progress.sent < 60
    assert read_book(record).intended == read_book(record).done


def test_a_run_that_is_ended_before_it_has_read_anything_says_so(record: Path) -> None:
    assert run(FakeBox([]), record, Order(Wanted()), Clock(ends_at=0.0)).ended == "interrupted"


def test_no_more_than_the_limit_is_sent(record: Path) -> None:
    box = FakeBox([letter(i) for i in range(100)])
    assert run(box, record, Order(Wanted(), limit=13)).sent == 13


def test_letters_may_stay_where_they_lie(record: Path) -> None:
    box = FakeBox([letter(1)])
    run(box, record, Order(Wanted(), keep=True))
    assert len(box.letters) == 1
    assert run(FakeBox(box.letters), record, Order(Wanted(), keep=True)).sent == 0


def test_a_record_is_used_by_one_run_at_a_time(record: Path) -> None:
    with (
        closing(RecordFile(record, lambda: 0.0)),
        pytest.raises(BadInput, match="another obs dlq uses this record"),
    ):
        RecordFile(record, lambda: 0.0)


def test_half_a_line_of_a_killed_run_is_no_line(record: Path) -> None:
    run(FakeBox([letter(1)]), record, Order(Wanted()))
    with record.open("a") as file:
        file.write('{"at": "2026-01-01T00:00:00Z", "deed": "int')
    run(FakeBox([letter(2)]), record, Order(Wanted()))
    book = read_book(record)
    assert (len(book.done), book.torn) == (2, 1)


def test_a_plan_says_what_goes_where_and_sends_nothing() -> None:
    box = FakeBox(three_causes())
    box.gone = {"ORDERS/worker/0"}
    plan = planned(box, Book(), Order(BAD_SCHEMA, limit=8))
    assert (plan.letters, plan.sent, plan.problems, plan.left, plan.others) == (30, 7, 1, 2, 20)
    assert {way.to for way in plan.ways if not way.problem} == {"orders"}
    assert (plan.warnings, box.sent, len(box.letters)) == (["again"], [], 30)
