"""What the README shows is what the commands say."""

import re
from pathlib import Path

import pytest

from obs.cli.main import main, parser

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first code block of the README in this language."""
    found = re.search(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert found
    return found.group(1)


@pytest.fixture
def tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """obs.yaml as the tour has it, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OBS_SPEC", raising=False)
    file = tmp_path / "obs.yaml"
    file.write_text(block("yaml"), encoding="utf-8")
    return file


def test_the_spec_of_the_tour_is_valid(tour: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == 0
    assert capsys.readouterr().out.startswith("shop: valid")


def test_the_mistakes_of_the_tour_are_told_as_the_readme_says(
    tour: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tour.read_text(encoding="utf-8")
    wrong = text.replace("monitor:", "monitr:").replace("objective: 99.5 ", "objective: 0.995")
    tour.write_text(wrong, encoding="utf-8")
    assert main(["validate"]) == 2
    shown = block("console").splitlines()
    assert shown[0] == "$ obs validate"
    assert capsys.readouterr().err.splitlines() == shown[1:]


def commands() -> list[str]:
    (choices,) = (
        action.choices for action in parser()._actions if isinstance(action.choices, dict)
    )
    return sorted(choices)


@pytest.mark.parametrize("command", commands())
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"  obs {command}" in text
    assert "exit codes:" in text


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"obs {command}" in README


def test_every_command_of_the_readme_is_one() -> None:
    named = set(re.findall(r"(?:`|\$ |^)obs ([a-z]+)", README, re.MULTILINE))
    assert named <= set(commands())
