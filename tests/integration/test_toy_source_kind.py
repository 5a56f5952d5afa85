"""A new kind of source is its own modules and one line in the list: every command knows it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import obs
from tests.integration.collector_process import CollectorProcess, Spec, collectors
from tests.integration.promtool import judged, needs_promtool

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

TOY = Path(__file__).with_name("toy_source_kind")
"""Its modules, as they lie in the package."""
IMPORT = "from obs.spec.toy import ToySource\n"
LINE = "    toy: dict[Name, ToySource] = {}\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """obs with one more kind of source: its modules, and its line in the list."""
    root = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(obs.__file__).parent, root / "obs", ignore=ignored)
    shutil.copytree(TOY, root / "obs", dirs_exist_ok=True, ignore=ignored)
    sources = root / "obs" / "spec" / "sources.py"
    text = sources.read_text()
    for before, added in (("\n\nclass Sources(Model):", IMPORT), ("\n    def of(self", LINE)):
        assert text.count(before) == 1, before
        text = text.replace(before, added + before)
    sources.write_text(text)
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that is a source; it has three files."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).touch()
    return folder


@pytest.fixture
def spec(folder: Path, tmp_path: Path) -> Spec:
    """Such a source, beside a cluster that does not answer."""
    return {
        "version": 1,
        "system": "shop",
        "state_dir": str(tmp_path / "state"),
        "sources": {
            "nats": {"main": {"monitor": ["http://127.0.0.1:9"], "required": False}},
            "toy": {"box": {"folder": str(folder)}},
        },
        "notify": {
            "receivers": {"oncall": {"webhook": {"url": "http://127.0.0.1:9/"}}},
            "routes": {"critical": {"to": ["oncall"]}, "warning": {"to": ["oncall"]}},
        },
    }


@pytest.fixture
def run(package: Path, spec: Spec, tmp_path: Path) -> Run:
    """The commands of that package."""

    def run(*arguments: str, takes_spec: bool = True) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "spec.json"
        file.write_text(json.dumps(spec))
        return subprocess.run(
            [sys.executable, "-m", "obs", *arguments, *(["--spec", str(file)] * takes_spec)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(package)},
        )

    return run


def test_its_spec_is_validated(run: Run, folder: Path) -> None:
    done = run("validate")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["toy", "box", str(folder)] in rows


def test_a_name_that_another_kind_has_already_is_refused(run: Run, tmp_path: Path) -> None:
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"sources": {"toy": {"main": {"folder": "x"}}}}))
    done = run("validate", "--spec", str(more))
    assert done.returncode == 2
    assert "source name 'main'" in done.stderr


def test_the_schema_has_its_fields(run: Run) -> None:
    schema = json.loads(run("schema", takes_spec=False).stdout)
    assert schema["$defs"]["Sources"]["properties"].keys() >= {"toy", "nats", "aws"}
    assert schema["$defs"]["ToySource"]["required"] == ["folder"]


def without_system(exposition: str) -> list[str]:
    """The lines without the labels that all samples have."""
    return exposition.replace(',environment="production",system="shop"', "").splitlines()


def test_it_is_polled_and_exported_with_its_health(run: Run) -> None:
    done = run("collect", "--once", "--only", "toy")
    assert done.returncode == 0, done.stderr
    lines = without_system(done.stdout)
    assert 'toy_folder_files{toy="box",folder="inbox"} 3' in lines
    assert 'obs_source_up{source="box"} 1' in lines
    assert 'obs_source_series{source="box"} 1' in lines
    assert not [line for line in lines if 'source="main"' in line]


def test_one_that_does_not_answer_is_down_and_says_why(run: Run, folder: Path) -> None:
    shutil.rmtree(folder)
    done = run("collect", "--once", "--only", "toy")
    assert done.returncode == 3
    assert 'obs_source_up{source="box"} 0' in without_system(done.stdout)
    assert f"source box: {folder}: no such folder" in done.stderr


def test_the_doctor_asks_it_by_a_poll(run: Run) -> None:
    checks = json.loads(run("doctor", "--format", "json").stdout)
    (own,) = [each for each in checks if each["check"] == "toy-reach"]
    assert [(f["resource"], f["outcome"]) for f in own["findings"]] == [("box", "passed")]


def test_its_objects_are_in_the_status_document_and_saved_over_restarts(
    package: Path, spec: Spec, folder: Path, collectors: list[CollectorProcess], tmp_path: Path
) -> None:
    spec["outputs"] = {"web": {"listen": "127.0.0.1:0"}}
    environment = {"PYTHONPATH": str(package)}
    collector = CollectorProcess(tmp_path / "collector", spec, environment=environment)
    collectors.append(collector)
    collector.start()
    assert collector.status()["folders"] == [{"folder": "inbox", "files": 3, "largest": 3}]
    assert collector.stop() == 0
    for file in folder.iterdir():
        file.unlink()
    collector.start()
    status = collector.status()
    assert status["folders"] == [{"folder": "inbox", "files": 0, "largest": 3}]
    assert {"level": "warning", "kind": "folder", "name": "inbox", "text": "inbox is empty"} in (
        status["verdict"]["problems"]
    )
    assert {each["name"]: each["kind"] for each in status["sources"]} == {
        "box": "toy",
        "main": "nats",
    }


def test_its_alerts_are_built_and_routed(run: Run, tmp_path: Path) -> None:
    built = tmp_path / "built"
    done = run("alerts", "build", "--out", str(built))
    assert done.returncode == 0, done.stderr
    rules = [
        rule
        for file in (built / "prometheus").rglob("*.yaml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    (full,) = [rule for rule in rules if rule.get("alert") == "ToyFolderFull"]
    assert "max by (toy, folder" in full["expr"]
    assert "toy_folder_files" in full["expr"]
    assert (built / "runbooks" / "ToyFolderFull.md").is_file()
    (config,) = (built / "alertmanager").rglob("*.yaml")
    inhibitions = yaml.safe_load(config.read_text())["inhibit_rules"]
    down = 'alertname=~"ObsSourceDown|ObsSourceStale|ObsSourceAbsent"'
    assert [
        each["target_matchers"]
        for each in inhibitions
        if {down, 'source="box"'} <= set(each["source_matchers"])
    ]
    by_severity = [each for each in inhibitions if 'folder!=""' in each["target_matchers"]]
    assert [each["equal"] for each in by_severity] == [["system", "environment", "toy", "folder"]]


@needs_promtool
def test_its_alerts_fire_and_resolve_as_their_generated_tests_say(run: Run, tmp_path: Path) -> None:
    built = tmp_path / "built"
    run("alerts", "build", "--out", str(built))
    files = [file.name for file in (built / "tests").glob("toy_*.yaml")]
    assert files
    assert judged(built / "tests", files) == dict.fromkeys(files, True)


@pytest.mark.parametrize(("exists", "code"), [(True, 0), (False, 1)])
def test_its_check_is_run(run: Run, folder: Path, exists: bool, code: int) -> None:
    if not exists:
        shutil.rmtree(folder)
    done = run("check", "--only", "toy-folder", "--format", "json")
    assert done.returncode == code, done.stderr
    (result,) = json.loads(done.stdout)
    assert result["outcome"] == ("passed" if exists else "failed")
    assert [finding["resource"] for finding in result["findings"]] == ["box"]
