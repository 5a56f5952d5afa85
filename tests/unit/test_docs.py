"""What the README shows is what the commands say."""

import re
from pathlib import Path

import pytest

from obs.cli.main import main, parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if file.relative_to(ROOT).parts[:2] != ("docs", "reference")
}
"""What people wrote; the reference is generated."""


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
def test_a_page_says_what_each_command_is_for(command: str) -> None:
    assert [page for page, text in PAGES.items() if f"obs {command}" in text]


def test_every_command_of_a_page_is_one() -> None:
    known = set(commands())
    unknown = {
        (page, name)
        for page, text in PAGES.items()
        for name in re.findall(r"(?:`|\$ )obs ([a-z]+)", text)
        if name not in known
    }
    assert unknown == set()


def test_the_readme_is_short_and_leads_to_the_pages() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert "docs/tour.md" in links
    assert len(README.splitlines()) < 150
