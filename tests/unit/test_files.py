import os
import socket
from pathlib import Path

import pytest

from obs.files import UnreadableFile, read_file, unusable


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is a directory"),
        (os.mkfifo, "is a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (a_socket, "is a socket"),
        (lambda path: path.write_bytes(b"x" * 1_000_001), "is larger than 1 MB"),
    ],
    ids=["directory", "pipe", "device", "socket", "large"],
)
def test_what_is_no_small_regular_file_is_refused_at_once(
    tmp_path: Path, make: object, words: str
) -> None:
    path = tmp_path / "f"
    assert callable(make)
    make(path)
    with pytest.raises(UnreadableFile, match=words):
        read_file(path)
    assert unusable(path).startswith(words)


def test_a_missing_file_may_come_later(tmp_path: Path) -> None:
    assert unusable(tmp_path / "secret") == ""
    with pytest.raises(UnreadableFile, match="cannot be read: No such file or directory"):
        read_file(tmp_path / "secret")
    with pytest.raises(UnreadableFile, match="not a path"):
        read_file(Path("a\0b"))


def test_a_file_that_says_it_is_empty_and_has_no_end_is_not_read_to_it() -> None:
    with pytest.raises(UnreadableFile, match="is larger"):
        read_file(Path("/proc/self/smaps"), most=100)


def test_a_small_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"text")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    assert read_file(tmp_path / "link") == b"text"
