import os
from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.folder import Folder, wrong_name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/x", "a/../x", "a//x", "a/", "c:x", "a\\x", "a\nx", "a\0x", "a\x1bx"],
)
def test_a_name_that_may_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path / "in")
    (tmp_path / "x").write_text("kept")
    folder.path.mkdir()
    for action in (
        lambda: folder.read(name),
        lambda: folder.exists(name),
        lambda: folder.write({name: "new"}),
        lambda: folder.remove(name),
    ):
        with pytest.raises(BadInput) as refused:
            action()
        assert str(refused.value).isprintable()
    assert (tmp_path / "x").read_text() == "kept"
    assert list(folder.path.iterdir()) == []


def test_a_name_of_a_file_below_is_taken() -> None:
    assert [wrong_name(name) for name in ("a", "a/b.yaml", ".lint", "größe", "..a")] == [""] * 5


@pytest.mark.parametrize("name", ["link", "folder/x"])
def test_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    outside, folder = tmp_path / "outside", Folder(tmp_path / "in")
    outside.mkdir()
    folder.path.mkdir()
    (outside / "x").write_text("kept")
    (folder.path / "link").symlink_to(outside / "x")
    (folder.path / "folder").symlink_to(outside)
    with pytest.raises(BadInput, match="is a link"):
        folder.read(name)
    with pytest.raises(BadInput, match="is a link"):
        folder.exists(name)
    with pytest.raises(BadInput, match="is a link"):
        folder.write({name: "new"})
    with pytest.raises(BadInput, match="is a link"):
        folder.remove(name)
    assert (outside / "x").read_text() == "kept"


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_link_under_the_temporary_name_is_not_written_through(tmp_path: Path, kind: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "in"
    folder.mkdir()
    outside.write_text("kept")
    planted = folder / f".a.{os.getpid()}"
    if kind == "symbolic":
        planted.symlink_to(outside)
    else:
        planted.hardlink_to(outside)
    Folder(folder).write({"a": "new"})
    assert outside.read_text() == "kept"
    assert [each.name for each in folder.iterdir()] == ["a"]


def test_the_other_name_of_a_hard_link_keeps_its_text(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "in"
    folder.mkdir()
    outside.write_text("kept")
    (folder / "a").hardlink_to(outside)
    Folder(folder).write({"a": "new"})
    assert outside.read_text() == "kept"
    assert (folder / "a").read_text() == "new"


def test_a_folder_that_becomes_a_link_between_two_steps_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check for the words finds a folder; what is opened then is a link."""
    outside, folder = tmp_path / "outside", Folder(tmp_path / "in")
    outside.mkdir()
    folder.path.mkdir()
    (folder.path / "sub").mkdir()
    checked = Folder._refuse_link

    def swapping(self: Folder, name: str, leaf: str, here: int) -> None:
        checked(self, name, leaf, here)
        if leaf == "sub":
            (folder.path / "sub").rmdir()
            (folder.path / "sub").symlink_to(outside)

    monkeypatch.setattr(Folder, "_refuse_link", swapping)
    with pytest.raises(OSError, match="sub"):
        folder.write({"sub/x": "new"})
    assert list(outside.iterdir()) == []


def test_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "a").chmod(0o640)
    Folder(tmp_path).write({"a": "2"})
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_path_of_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "named").symlink_to(tmp_path / "real")
    Folder(tmp_path / "named").write({"a/b": "new"})
    assert (tmp_path / "real" / "a" / "b").read_text() == "new"


def test_what_is_no_regular_file_or_too_large_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * 11)
    for name, why in (("fifo", "is a pipe"), ("large", "larger than")):
        with pytest.raises(BadInput, match=why):
            Folder(tmp_path).read(name, most=10)
