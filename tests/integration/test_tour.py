"""Every command of docs/tour.md, run against the demo, and what the page says that it prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.demo_process import Demo, running_demo

pytestmark = pytest.mark.integration

TOUR: Final = (Path(__file__).parents[2] / "docs" / "tour.md").read_text(encoding="utf-8")
DEMO: Final = "obs demo --fault consumer-stopped"
END: Final = "-- end of command --"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TOUR, re.DOTALL | re.MULTILINE)


def shown() -> list[tuple[str, str]]:
    """Each command of the page with the output that it shows."""
    found = (block.split("\n$ ") for block in blocks("console"))
    return [
        (command, output.rstrip("\n"))
        for commands in found
        for each in commands
        for command, _, output in [each.removeprefix("$ ").partition("\n")]
    ]


def as_shown(expected: str) -> re.Pattern[str]:
    """What the page shows, where … in a line is any text, and alone in one any lines."""
    lines = (
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n"
        for line in expected.splitlines()
    )
    return re.compile("".join(lines))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with running_demo(folder, *DEMO.split()[2:]) as running:
        yield running


def test_the_demo_introduces_itself_as_the_tour_says(demo: Demo) -> None:
    expected = dict(shown())[DEMO]
    assert as_shown(expected).match(demo.said()), demo.said()


def test_every_command_prints_what_the_tour_says(demo: Demo, tmp_path: Path) -> None:
    commands = [(command, expected) for command, expected in shown() if command != DEMO]
    assert len(commands) >= 10
    (tmp_path / "obs.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "obs"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m obs "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    monitor = re.search(r"monitoring: (\S+)/jsz", demo.said())
    assert monitor
    variables = {key: value for key, value in os.environ.items() if not key.startswith("OBS_")}
    script = "".join(f"{command}\necho '{END}'\n" for command, _ in commands)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            **variables,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PAGE": demo.url,
            "MONITOR": monitor[1],
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
        check=False,
    )
    printed = done.stdout.split(f"{END}\n")
    for (command, expected), output in zip(commands, printed, strict=False):
        assert as_shown(expected).fullmatch(output), f"$ {command}\n{output}"
    assert len(printed) == len(commands) + 1
