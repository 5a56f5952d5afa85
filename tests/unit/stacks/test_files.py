import json
from pathlib import Path

import pytest

from obs.artifacts import MANIFEST
from obs.errors import BadInput, SourceError
from obs.stacks.files import KIND, OwnedFiles
from obs.stacks.plan import PlanStep, Wanted, plan


def steps(files: OwnedFiles, texts: dict[str, str]) -> tuple[PlanStep, ...]:
    wanted = [Wanted(KIND, name, text) for name, text in texts.items()]
    return plan(wanted, files.present(list(texts)))


def apply(folder: Path, texts: dict[str, str], owner: str = "shop") -> None:
    files = OwnedFiles(folder, owner)
    files.apply(steps(files, texts), texts, lambda: None, lambda: None)


def texts_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.yaml")}


def hidden(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.startswith(".")}


def test_files_are_written_changed_and_deleted_and_only_the_manifest_stays_beside_them(
    tmp_path: Path,
) -> None:
    apply(tmp_path, {"a.yaml": "1", "b.yaml": "1"})
    apply(tmp_path, {"a.yaml": "2"})
    assert texts_in(tmp_path) == {"a.yaml": "2"}
    assert hidden(tmp_path) == {MANIFEST}
    assert json.loads((tmp_path / MANIFEST).read_text()) == {"shop": ["a.yaml"]}


def test_files_of_another_owner_and_of_nobody_are_foreign(tmp_path: Path) -> None:
    apply(tmp_path, {"a.yaml": "1"}, owner="other")
    (tmp_path / "b.yaml").write_text("1")
    found = steps(OwnedFiles(tmp_path, "shop"), {"a.yaml": "1", "b.yaml": "1"})
    assert [step.why for step in found] == [
        f"{tmp_path}/a.yaml is built for other",
        f"{tmp_path}/b.yaml was not written by obs; rename it, or delete it",
    ]


def test_what_the_server_refuses_is_put_back_and_loaded_again(tmp_path: Path) -> None:
    apply(tmp_path, {"a.yaml": "1", "b.yaml": "1"})
    files, new = OwnedFiles(tmp_path, "shop"), {"a.yaml": "2", "c.yaml": "2"}
    loaded: list[dict[str, str]] = []

    def check() -> None:
        raise SourceError("http_status", "not taken")

    with pytest.raises(SourceError, match="not taken"):
        files.apply(steps(files, new), new, lambda: loaded.append(texts_in(tmp_path)), check)
    before = {"a.yaml": "1", "b.yaml": "1"}
    assert loaded == [new, before]
    assert texts_in(tmp_path) == before
    assert not files.pending


def test_ctrl_c_puts_the_files_back(tmp_path: Path) -> None:
    files, new = OwnedFiles(tmp_path, "shop"), {"a.yaml": "2"}

    def load() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.apply(steps(files, new), new, load, lambda: None)
    assert texts_in(tmp_path) == {}


def test_what_a_killed_apply_replaced_is_put_back_by_the_next_that_is_refused(
    tmp_path: Path,
) -> None:
    apply(tmp_path, {"a.yaml": "1", "b.yaml": "1"})
    killed = OwnedFiles(tmp_path, "shop")
    killed.replace(steps(killed, {"a.yaml": "2"}), {"a.yaml": "2"})
    files, newer = OwnedFiles(tmp_path, "shop"), {"a.yaml": "3", "c.yaml": "3"}
    assert files.pending
    files.replace(steps(files, newer), newer)
    files.restore()
    assert texts_in(tmp_path) == {"a.yaml": "1", "b.yaml": "1"}


def test_files_that_a_killed_apply_wrote_are_ours(tmp_path: Path) -> None:
    killed, new = OwnedFiles(tmp_path, "shop"), {"a.yaml": "1"}
    killed.replace(steps(killed, new), new)
    assert [step.why for step in steps(OwnedFiles(tmp_path, "shop"), {"a.yaml": "2"})] == [""]


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    apply(tmp_path, {"a.yaml": "1"})
    (tmp_path / "a.yaml").chmod(0o640)
    apply(tmp_path, {"a.yaml": "2"})
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write"):
        apply(tmp_path / "file", {"a.yaml": "1"})


HOSTILE = ["../x", "/tmp/x", "a/../../x", "a/b.yaml", "..\\x", "c:x", "a\nb", "a\0b", "", ".."]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_manifest_that_names_what_is_not_in_its_folder_is_refused(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "x").write_text("kept")
    (folder / MANIFEST).write_text(json.dumps({"shop": [name]}))
    with pytest.raises(BadInput, match=r"obs-manifest.json: the name .* again$") as refused:
        steps(OwnedFiles(folder, "shop"), {})
    assert str(refused.value).isprintable()
    assert (tmp_path / "x").read_text() == "kept"


@pytest.mark.parametrize("name", [*HOSTILE, "of-another.yaml", MANIFEST])
@pytest.mark.parametrize("text", ["new", None])
def test_a_journal_that_names_what_is_not_its_owners_is_refused_before_anything_changes(
    tmp_path: Path, name: str, text: str | None
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "x").write_text("kept")
    apply(folder, {"a.yaml": "1"})
    apply(folder, {"of-another.yaml": "1"}, owner="other")
    (folder / ".obs-apply-shop.json").write_text(json.dumps({name: text}))
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BadInput, match=r"delete .obs-apply-shop.json$") as refused:
        apply(folder, {"a.yaml": "2"})
    assert str(refused.value).isprintable()
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "written", ["[]", "[[[", "[" * 100_000, '{"a.yaml": 1}', '{"a.yaml": "\\ud800"}']
)
def test_a_damaged_journal_is_told_in_a_line(tmp_path: Path, written: str) -> None:
    apply(tmp_path, {"a.yaml": "1"})
    (tmp_path / ".obs-apply-shop.json").write_text(written)
    with pytest.raises(BadInput, match=r"is damaged; delete it$"):
        apply(tmp_path, {"a.yaml": "2"})


@pytest.mark.parametrize("name", [MANIFEST, ".obs-apply-shop.json", "a.yaml"])
def test_a_link_in_the_place_of_a_file_of_apply_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "x").write_text('{"shop": []}')
    apply(folder, {"a.yaml": "1"})
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "x")
    with pytest.raises(BadInput, match=f"{name}: is a link"):
        apply(folder, {"a.yaml": "2"})
    assert (tmp_path / "x").read_text() == '{"shop": []}'
