"""Built files: all or none, nothing left behind, nobody else's touched."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from obs.artifacts import MANIFEST, drift, write, yaml_text
from obs.errors import BadInput


def names(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    )


def test_files_are_written_and_only_changed_ones_are_told(tmp_path: Path) -> None:
    assert write(tmp_path, {"one": {"a/x.yaml": "x\n", "y": "y\n"}}) == ["a/x.yaml", "y"]
    assert write(tmp_path, {"one": {"a/x.yaml": "x\n", "y": "z\n"}}) == ["y"]
    assert (tmp_path / "y").read_text() == "z\n"
    assert names(tmp_path) == ["a/x.yaml", "y"]


def test_files_of_deleted_definitions_are_removed_and_others_stay(tmp_path: Path) -> None:
    write(tmp_path, {"one": {"a": "1\n", "b": "2\n"}, "two": {"c": "3\n"}})
    (tmp_path / "mine").write_text("kept\n")
    assert write(tmp_path, {"one": {"a": "1\n"}}) == ["b"]
    assert names(tmp_path) == ["a", "c", "mine"]


def test_a_file_that_moved_to_another_target_stays(tmp_path: Path) -> None:
    write(tmp_path, {"one": {"a": "1\n"}})
    write(tmp_path, {"two": {"a": "1\n"}})
    write(tmp_path, {"one": {}})
    assert names(tmp_path) == ["a"]


def test_drift_is_a_diff_that_writing_ends(tmp_path: Path) -> None:
    write(tmp_path, {"one": {"a": "old\n", "gone": "g\n"}})
    wanted = {"one": {"a": "new\n", "b": "b\n"}}
    lines = list(drift(tmp_path, wanted))
    assert {"-old", "+new", "+b", "-g", "+++ /dev/null", "--- /dev/null"} <= set(lines)
    write(tmp_path, wanted)
    assert list(drift(tmp_path, wanted)) == []


def test_nothing_is_written_when_one_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way\n")
    with pytest.raises(BadInput, match="cannot write"):
        write(tmp_path, {"one": {"a": "1\n", "folder/b": "2\n"}})
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x"])
def test_a_path_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        write(tmp_path, {"one": {path: ""}})


def test_a_manifest_that_names_what_is_outside_is_refused_before_anything_changes(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept\n")
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("../outside", str(outside), "a/../../outside", "..\\outside", "a\nb", "a\0b"):
        (folder / MANIFEST).write_text(json.dumps({"one": [name]}))
        with pytest.raises(BadInput, match="delete it and run this again") as refused:
            write(folder, {"one": {"new": "text"}})
        assert len(str(refused.value).splitlines()) == 1
        assert {each.name for each in folder.iterdir()} == {MANIFEST}
    assert outside.read_text() == "kept\n"


def test_a_link_in_the_way_of_a_built_file_is_refused_before_anything_changes(
    tmp_path: Path,
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    folder.mkdir()
    (outside / "b").write_text("kept")
    (folder / "sub").symlink_to(outside)
    with pytest.raises(BadInput, match="sub: is a link"):
        write(folder, {"one": {"a": "1", "sub/b": "1"}})
    (folder / MANIFEST).write_text('{"one": ["sub/b"]}')
    with pytest.raises(BadInput, match="sub: is a link"):
        write(folder, {"one": {"a": "1"}})
    assert {each.name for each in folder.iterdir()} == {MANIFEST, "sub"}
    assert (outside / "b").read_text() == "kept"


def test_a_damaged_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("[")
    with pytest.raises(BadInput, match="damaged"):
        write(tmp_path, {"one": {}})


def test_yaml_keeps_order_and_writes_long_texts_as_blocks() -> None:
    document = {"b": [1, {"z": "x\ny"}], "a": "$labels: {{ no }}"}
    text = yaml_text(document, head="# head\n")
    assert text == "# head\nb:\n  - 1\n  - z: |-\n      x\n      y\na: '$labels: {{ no }}'\n"
    assert yaml.safe_load(text) == document


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "yes",
        "Null",
        "1e3",
        "a: b",
        "a #b",
        "a:",
        "- x",
        "x\n  y\n",
        "\n",
        "a\n\nb",
        "x\ny\n\n",
        "0x1F",
    ]
)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
documents = st.recursive(
    values,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=12,
)


@given(documents)
def test_a_reader_reads_back_what_was_written(document: object) -> None:
    assert yaml.safe_load(yaml_text(document)) == document
