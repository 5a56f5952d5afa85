import contextlib
import errno
import math
import os
import shutil
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from obs.errors import BadInput
from obs.state import FILE_NAME, State, decoded, open_state


@pytest.fixture
def errors() -> Counter[str]:
    return Counter()


def opened(folder: Path, errors: Counter[str]) -> State:
    return open_state(folder, lambda reason: errors.update([reason]), now=lambda: 0.0)


def refuse(*_: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


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
    with pytest.raises(BadInput, match="in use by a running collector"):
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


def test_a_file_of_a_later_version_is_set_aside_with_one_line_and_stays_for_good(
    tmp_path: Path, errors: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(8):  # of damaged files the last five stay
        file = tmp_path / FILE_NAME
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA user_version = 99")
            connection.execute("CREATE TABLE entry (a)")
            connection.execute("INSERT INTO entry VALUES (?)", (second,))
            connection.commit()
        caplog.clear()
        state = open_state(tmp_path, lambda reason: errors.update([reason]), now=lambda: 0.0)
        assert state.entries("total") == {}
        state.close()
        file.unlink()
    last = f"{FILE_NAME}.later-19700101T000000-7"
    assert [record.getMessage() for record in caplog.records] == [
        f"state file {file} is of a later version of obs (schema 99; this one knows 1); "
        f"renamed to {last}"
    ]
    assert errors == {"damaged": 8}
    kept = sorted(tmp_path.glob(f"{FILE_NAME}.later-*"))
    assert len(kept) == 8
    with contextlib.closing(sqlite3.connect(tmp_path / last)) as connection:
        assert connection.execute("SELECT a FROM entry").fetchall() == [(7,)]


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


def test_a_damaged_trigger_is_noticed_when_the_file_is_opened(
    tmp_path: Path, errors: Counter[str]
) -> None:
    state = opened(tmp_path, errors)
    state.put("total", "a", b"1")
    state.flush()
    state.close()
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b"NEW.key", b"NES.key"))
    again = opened(tmp_path, errors)
    again.put("total", "a", b"2")
    assert again.flush()
    assert errors == {"damaged": 1}


def test_a_state_in_memory_is_an_error_at_every_flush(tmp_path: Path, errors: Counter[str]) -> None:
    (tmp_path / "file").touch()
    state = opened(tmp_path / "file" / "state", errors)
    for number in range(1, 4):
        state.put("total", "a", b"1")
        assert state.flush()
        assert errors == {"unwritable": number}


def opened_at(folder: Path) -> tuple[State, Counter[str]]:
    errors: Counter[str] = Counter()
    return opened(folder, errors), errors


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_damaged_entry_leaves_the_others(tmp_path: Path) -> None:
    state, _ = opened_at(tmp_path)
    for key in "abc":
        state.put("total", key, f"value of {key}".encode())
    state.flush()
    state.close()
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b"value of b", b"value of B"))

    again, errors = opened_at(tmp_path)
    assert again.entries("total") == {"a": b"value of a", "c": b"value of c"}
    assert errors == {"damaged": 1}
    assert again.was_lost()  # so that what is sound is saved in a file that is
    assert list(tmp_path.glob("*.damaged-*"))


@pytest.mark.parametrize("damaged", [b"kind\x9f", b"kinD"], ids=["sorts after", "sorts before"])
def test_a_row_out_of_order_hides_no_others(tmp_path: Path, damaged: bytes) -> None:
    state, _ = opened_at(tmp_path)
    for number in range(20):
        state.put("kinds"[: len(damaged)], f"{number:02}", b"value")
    state.flush()
    state.close()
    file = tmp_path / FILE_NAME
    content = file.read_bytes()
    at = content.index(b"kind" + b"s" * (len(damaged) - 4) + b"10value")
    file.write_bytes(content[:at] + damaged + content[at + len(damaged) :])

    again, errors = opened_at(tmp_path)
    assert errors["damaged"] >= 1
    assert len(again.entries("kinds"[: len(damaged)])) == 19
    assert again.was_lost()
    for number in range(20):
        again.put("kinds"[: len(damaged)], f"{number:02}", b"value")
    assert again.flush()
    again.close()
    sound, errors = opened_at(tmp_path)
    assert len(sound.entries("kinds"[: len(damaged)])) == 20
    assert not errors


def test_a_bucket_that_cannot_be_true_leaves_the_others(tmp_path: Path) -> None:
    state, _ = opened_at(tmp_path)
    state.put_buckets("slo", [(60, 0, 1.0, 2.0), (60, 60, 3.0, 4.0), (60, 600_000, 1.0, 1.0)])
    state.flush()
    state._connection.execute("UPDATE bucket SET good = 9e99 WHERE start = 60")
    assert state.buckets("slo", until=3600) == [(60, 0, 1.0, 2.0)]


def test_an_entry_that_an_earlier_version_wrote_has_no_checksum_and_is_taken(
    tmp_path: Path,
) -> None:
    state, _ = opened_at(tmp_path)
    state.put("total", "a", b"1")
    state.flush()
    state.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", ("total", "a", b"2"))
    connection.close()
    again, errors = opened_at(tmp_path)
    assert again.entries("total") == {"a": b"2"}
    assert not errors


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def replace_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.mkdir()


def replace_file(folder: Path) -> None:
    (folder / FILE_NAME).rename(folder / "moved")
    other, _ = opened_at(folder / "other")
    other.put("total", "a", b"of another")
    other.close()
    (folder / "other" / FILE_NAME).rename(folder / FILE_NAME)


def cut_file(folder: Path) -> None:
    (folder / FILE_NAME).write_bytes(b"")


@pytest.mark.parametrize("lose", [remove, replace_folder, replace_file, cut_file])
def test_a_file_that_is_lost_while_it_is_open_is_made_anew_and_saved_again(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    folder = tmp_path / "state"
    state, errors = opened_at(folder)
    state.put("total", "a", b"1")
    state.flush()
    assert not state.was_lost()
    lose(folder)
    state.put("total", "a", b"2")
    assert state.was_lost()
    assert errors == {"unwritable": 1}
    state.put("total", "a", b"2")
    assert state.flush()
    assert not state.was_lost()
    state.close()
    again, errors = opened_at(folder)
    assert again.entries("total") == {"a": b"2"}
    assert not errors


def test_what_another_collector_keeps_at_the_same_path_is_left_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    state, errors = opened_at(folder)
    remove(folder)
    other, _ = opened_at(folder)
    other.put("total", "a", b"of another")
    other.flush()
    assert not state.was_lost()
    assert not state.flush()
    assert errors["unwritable"] >= 2
    state.close()
    assert other.entries("total") == {"a": b"of another"}
    assert (folder / f"{FILE_NAME}-wal").exists()


def test_a_state_in_memory_goes_to_the_disk_once_that_is_possible(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state, _ = opened_at(tmp_path / "file" / "state")
    state.put("total", "a", b"1")
    assert state.flush()
    (tmp_path / "file").unlink()
    assert state.was_lost()
    state.put("total", "a", b"1")
    state.close()
    assert opened_at(tmp_path / "file" / "state")[0].entries("total") == {"a": b"1"}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_the_state_is_for_its_owner_only_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "made" / "state"
    before = os.umask(umask)
    try:
        state, _ = opened_at(folder)
        state.put("total", "a", b"1")
        state.flush()
        files = {each.name: oct(mode(each)) for each in folder.iterdir()}
    finally:
        os.umask(before)
    assert files == {FILE_NAME: "0o600", f"{FILE_NAME}-wal": "0o600"}
    assert mode(folder) == mode(folder.parent) == 0o700


def test_looser_files_of_an_earlier_version_are_tightened(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    opened_at(folder)[0].close()
    folder.chmod(0o777)
    (folder / FILE_NAME).chmod(0o666)
    (folder / FILE_NAME).write_bytes(b"damaged" * 1000)
    state, _ = opened_at(folder)
    state.close()
    assert mode(folder) == 0o700
    assert {mode(each) for each in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 2  # the new one, and the damaged one set aside


def test_a_file_that_cannot_be_written_is_known_and_made_anew_once_it_can(
    tmp_path: Path, errors: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = opened(tmp_path / "running", errors)
    running.put("total", "a", b"1")
    running.put("other", "x", b"2")
    running.put_buckets("slo", [(60, 0, 1.0, 2.0)])
    assert running.flush()
    killed = tmp_path / "killed"
    shutil.copytree(tmp_path / "running", killed)  # as a kill leaves it: with a log of writes
    assert (killed / f"{FILE_NAME}-wal").stat().st_size

    with monkeypatch.context() as patch:
        patch.setattr("obs.state.open_or_set_aside", refuse)
        state = opened(killed, errors)
    assert state.is_in_memory
    assert state.entries("total") == {"a": b"1"}
    assert state.buckets("slo") == [(60, 0, 1.0, 2.0)]
    state.put("total", "b", b"3")
    assert state.was_lost()  # so that its owner puts everything that it knows
    state.put("total", "a", b"1")
    state.put("total", "b", b"3")
    assert state.flush()
    assert not state.was_lost()
    state.close()
    again = opened(killed, errors)
    assert again.entries("total") == {"a": b"1", "b": b"3"}
    assert again.entries("other") == {"x": b"2"}  # also what nobody here has read


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_file_that_can_be_neither_written_nor_understood_stays_as_it_is(
    tmp_path: Path, errors: Counter[str], monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr("obs.state.open_or_set_aside", refuse)
        state = opened(tmp_path, errors)
    assert state.is_in_memory
    assert state.entries("total") == {}
    assert file.read_bytes() == content


def test_a_folder_with_files_of_others_stays_as_it_is_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "of somebody").touch()
    tmp_path.chmod(0o777)
    opened_at(tmp_path)[0].close()
    assert mode(tmp_path) == 0o777
    assert "its group and everyone may replace the files in it" in caplog.text


def test_a_disk_that_damages_each_file_does_not_fill_with_them(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / FILE_NAME).write_bytes(b"damaged %d" % number * 1000)
        opened_at(tmp_path)[0].close()
    assert len(list(tmp_path.glob("*.damaged-*"))) == 5


def test_what_is_nested_or_no_number_was_never_saved() -> None:
    for value in (b"\x91" * 100_000 + b"\x00", msgspec.msgpack.encode([math.nan]), b"\xdd" * 5):
        with pytest.raises(ValueError, match=r"."):
            decoded(value, object)
    with pytest.raises(ValueError, match="never saved"):
        decoded(msgspec.msgpack.encode({"a": [2**64 - 1]}), object)
