"""The state of every released version: budgets, counters and history go on from it."""

from pathlib import Path

import pytest

from obs import __version__
from tests.released_states.life import FOLDER, lived, restored, told_after

RELEASED = sorted(file.stem for file in FOLDER.glob("*.sql"))


def told(version: str) -> list[str]:
    return (FOLDER / f"{version}.txt").read_text(encoding="utf-8").splitlines()


def test_this_version_has_its_files() -> None:
    assert __version__ in RELEASED, "run python -m tests.released_states"


@pytest.mark.parametrize("version", RELEASED)
def test_a_collector_goes_on_from_the_state_of_a_released_version(
    version: str, tmp_path: Path
) -> None:
    restored(tmp_path, (FOLDER / f"{version}.sql").read_text(encoding="utf-8"))
    assert told_after(tmp_path) == told(version)


@pytest.mark.parametrize("version", RELEASED)
def test_what_is_compared_comes_from_the_state(version: str, tmp_path: Path) -> None:
    anew = told_after(tmp_path)
    metrics = {line.partition("{")[0] for line in set(told(version)) - set(anew)}
    assert metrics >= {
        *("nats_consumer_delivered_total", "nats_consumer_lag_seconds"),
        *("eventbridge_invocations_total", "slo_events_total", "slo_good_events_total"),
        "slo_error_budget_remaining_ratio",
    }


def test_this_version_leaves_what_it_goes_on_from(tmp_path: Path) -> None:
    lived(tmp_path)
    assert told_after(tmp_path) == told(__version__)
