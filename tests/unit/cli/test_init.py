"""obs init, without a reachable system."""

import re
from pathlib import Path

import pytest

from obs.cli.main import main, parser
from obs.spec.load import load

DOCS = (Path(__file__).parents[3] / "docs" / "first-steps.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder to work in; no server of this machine is looked for."""
    shop = tmp_path / "My shop!"
    shop.mkdir()
    monkeypatch.chdir(shop)
    monkeypatch.setattr("obs.first_spec.questions.answers_at", lambda url: False)
    return shop


def test_without_anything_it_writes_a_spec_to_fill_in(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("wrote obs.yaml\n  it watches nothing yet")
    assert load([folder / "obs.yaml"]).system == "My-shop"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nats localhost:8222", "--nats localhost:8222: write the monitoring address, http://"),
        ("--nats nats://u:p@n", "--nats: servers.0: a URL must not contain a user or password"),
        ("--nats nats://n --user a", "--nats: user requires a password; add password or"),
        ("--aws-profile x", "--aws-region: name the region of these accounts"),
        ("--aws-region useast", "an AWS region, for example us-east-1"),
        ("--system a/b", "--system a/b: letters, digits, _ . and -; 'a-b'?"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    assert main(["init", *line.split()]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "u:p" not in err
    assert not (folder / "obs.yaml").exists()


def test_a_spec_that_is_there_stays_unless_told_otherwise(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "obs.yaml").write_text("mine")
    assert main(["init", "--yes"]) == 2
    assert (folder / "obs.yaml").read_text() == "mine"
    assert main(["init", "--yes", "--force", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert load([folder / "obs.yaml"])


def test_every_option_is_documented() -> None:
    (commands,) = (each for each in parser()._actions if isinstance(each.choices, dict))
    assert commands.choices is not None
    options = set(re.findall(r"--[a-z-]+", commands.choices["init"].format_help()))  # type: ignore[index]
    assert options - set(re.findall(r"--[a-z-]+", DOCS)) <= {"--help"}
