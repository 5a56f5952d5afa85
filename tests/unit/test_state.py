import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.state import FILE_NAME, State, open_state


@pytest.fixture
def errors() -> Counter[str]:
    return Counter()


def opened(folder: Path, errors: Counter[str]) -> State:
    return open_state(folder, lambda reason: errors.update([reason]), now=lambda: 0.0)


def test_what_was_flushed_is_there_after_a_restart(tmp_path: Path, errors: Counter[str]) -> None:
    state = opened(tmp_path, errors)
    state.put("total", "a", b"1")
    state.put("total", "a", b"2")
    state.put("other", "a", b"3")
    state.put_buckets("slo", [(60, 0, 1.0, 2.0), (60, 60, 3.0, 4.0)])
    assert state.flush()
    state.close()

    again = opened(tmp_path, errors)
    assert again.entries("total") == {"a": b"2"}
    assert sorted(again.buckets("slo")) == [(60, 0, 1.0, 2.0), (60, 60, 3.0, 4.0)]
    assert not errors


def test_expired_buckets_are_removed_and_others_stay(tmp_path: Path, errors: Counter[str]) -> None:
    state = opened(tmp_path, errors)
    state.put_buckets("slo", [(60, 0, 1.0, 2.0), (60, 60, 3.0, 4.0), (300, 0, 5.0, 6.0)])
    state.flush()
    state.expire_buckets("slo", 60, before=60)
    state.flush()
    assert sorted(state.buckets("slo")) == [(60, 60, 3.0, 4.0), (300, 0, 5.0, 6.0)]


def test_a_damaged_file_is_set_aside_and_counted(tmp_path: Path, errors: Counter[str]) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database at all" * 100)
    state = opened(tmp_path, errors)
    state.put("total", "a", b"1")
    assert state.flush()
    assert errors == {"damaged": 1}
    assert (tmp_path / f"{FILE_NAME}.damaged-19700101T000000").exists()


def test_a_file_damaged_in_the_middle_is_noticed(tmp_path: Path, errors: Counter[str]) -> None:
    state = opened(tmp_path, errors)
    for number in range(2000):
        state.put("total", str(number), b"x" * 100)
    state.flush()
    state.close()
    content = bytearray((tmp_path / FILE_NAME).read_bytes())
    content[4096 : len(content)] = b"\xff" * (len(content) - 4096)
    (tmp_path / FILE_NAME).write_bytes(content)

    again = opened(tmp_path, errors)
    assert again.entries("total") == {}
    assert errors == {"damaged": 1}


def test_a_folder_that_cannot_be_made_leaves_state_in_memory(
    tmp_path: Path, errors: Counter[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    state = opened(tmp_path / "file" / "state", errors)
    state.put("total", "a", b"1")
    assert state.flush()
    assert state.entries("total") == {"a": b"1"}
    assert errors == {"unwritable": 1}


def test_a_second_collector_on_the_same_state_is_refused(
    tmp_path: Path, errors: Counter[str]
) -> None:
    state = opened(tmp_path, errors)
    state.put("total", "a", b"1")
    state.flush()
    with pytest.raises(BadInput, match="in use by another collector"):
        opened(tmp_path, errors)


def test_what_could_not_be_written_is_written_by_the_next_flush(
    tmp_path: Path, errors: Counter[str]
) -> None:
    state = opened(tmp_path, errors)
    state.flush()
    state._connection.execute("PRAGMA max_page_count = 5")
    state.put("total", "a", b"x" * 100_000)
    assert not state.flush()
    assert errors == {"disk_full": 1}
    state._connection.execute("PRAGMA max_page_count = 1000000")
    assert state.flush()
    assert state.entries("total") == {"a": b"x" * 100_000}


def test_a_file_of_a_newer_version_is_set_aside(tmp_path: Path, errors: Counter[str]) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("CREATE TABLE entry (a)")
    connection.close()
    state = opened(tmp_path, errors)
    assert state.entries("total") == {}
    assert errors == {"damaged": 1}


def test_a_log_of_writes_that_cannot_be_read_is_damage_and_no_empty_state(
    tmp_path: Path, errors: Counter[str]
) -> None:
    state = opened(tmp_path, errors)
    state.put("total", "a", b"1")
    state.flush()
    log = tmp_path / f"{FILE_NAME}-wal"
    killed = tmp_path / "killed"
    killed.mkdir()
    (killed / FILE_NAME).write_bytes((tmp_path / FILE_NAME).read_bytes())
    (killed / log.name).write_bytes(b"\xff" * log.stat().st_size)
    again = opened(killed, errors)
    assert errors == {"damaged": 1}
    assert again.entries("total") == {}
    again.put("total", "a", b"2")
    assert again.flush()
    assert list(killed.glob(f"{FILE_NAME}.damaged-*"))


def test_a_state_in_memory_is_an_error_at_every_flush(tmp_path: Path, errors: Counter[str]) -> None:
    (tmp_path / "file").touch()
    state = opened(tmp_path / "file" / "state", errors)
    for number in range(1, 4):
        state.put("total", "a", b"1")
        assert state.flush()
        assert errors == {"unwritable": number}
