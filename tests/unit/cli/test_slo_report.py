"""obs slo report: what it refuses, and what it reads of the state of shards."""

import json
import time
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.collector.counted_time import counting_of
from obs.collector.objectives import Objectives
from obs.spec.load import read_spec
from obs.state import open_state


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "obs.yaml"
    file.write_text(
        """
version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://127.0.0.1:1"}}
slos:
  - name: available
    service: shop
    objective: 99.9
    sli: {prometheus: {source: metrics, bad: bad_total, total: all_total}}
outputs: {web: {listen: "127.0.0.1:1"}}
"""
    )
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 3, "127.0.0.1:1"),
        (["avaliable", "--state", "."], 2, "did you mean available?"),
        (["--state", "."], 2, "has no state file"),
        (["--timezone", "Europe/Berln"], 2, "is no time zone"),
        (["--timezone", "../etc"], 2, "is no time zone"),
        (["--last", "61"], 2, "is not a number from 0 to 60"),
        (["--period", "decade"], 2, "choose from week, month, quarter, year"),
        (["--every", "monthly"], 2, "give --out FOLDER"),
        (["--prometheus", "localhost:9090"], 2, "write a URL"),
        (["--prometheus", "-"], 2, "write a URL"),
        (["--prometheus", "http://127.0.0.1:1"], 3, "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_an_exit_code(
    arguments: list[str],
    status: int,
    words: str,
    spec: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv("OBS_PROMETHEUS", raising=False)
    assert main(["slo", "report", "--spec", spec, *arguments]) == status
    assert words in capsys.readouterr().err


def count(spec: str, folder: Path, start: int, minutes: int) -> None:
    """What a collector leaves in its state file that has counted a bad event each minute."""
    state = open_state(folder, lambda _: None)
    slos = read_spec([Path(spec)]).system.slos
    (objective,) = Objectives(slos, state, lambda: None, float(start), counting_of).all
    for minute in range(minutes):
        objective.ledger.set(start + 60 * minute, 0.0, 1.0)
    objective.watermark = float(start + 60 * minutes)
    objective.since = float(start)
    objective.save(state)
    state.flush()
    state.close()


def test_the_states_of_shards_are_one_report(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state"
    start = int(time.time()) // 900 * 900 - 5_400
    count(spec, folder / "shard-1", start, 30)
    count(spec, folder / "shard-2", start + 1_800, 30)
    command = ["slo", "report", "--spec", spec, "--state", str(folder), "--format", "json"]
    assert main([*command, "--last", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    (objective,) = report["objectives"]
    assert sum(period["bad"] or 0 for period in objective["periods"]) == 60
    assert report["origin"] == f"2 state files in {folder}"
