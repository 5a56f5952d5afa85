"""Hostile neighbours: each short drill stays within its limits."""

from pathlib import Path

import pytest

from tests.hostile.drill import Drill, faults
from tests.hostile.table import all_drills, row

pytestmark = pytest.mark.integration

SHORT = [drill for drill in all_drills() if drill.short]


@pytest.mark.parametrize("drill", SHORT, ids=[drill.name for drill in SHORT])
def test_a_hostile_neighbour_costs_no_more_than_its_limits(drill: Drill, tmp_path: Path) -> None:
    outcome = drill.run(tmp_path)
    print(row(drill, outcome))  # noqa: T201  shown with a test that fails
    assert faults(drill, outcome) == []
