"""Our dashboards in Grafana's own dashboard-linter, with the file `.lint` that we write for it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from obs.dashboards.formats import build
from obs.spec.load import load

LINTER = shutil.which("dashboard-linter")
SPEC = Path(__file__).parents[2] / "collectors" / "oms.yaml"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(LINTER is None, reason="dashboard-linter is not installed"),
]


def test_dashboard_linter_has_nothing_to_say_of_our_dashboards(tmp_path: Path) -> None:
    for path, text in build(load([SPEC]), ["json"])["json"].items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    boards = sorted(tmp_path.rglob("*.json"))
    assert boards
    for board in boards:
        command = [LINTER or "", "lint", "--strict", str(board)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
