"""Specs for commands."""

from pathlib import Path

import pytest

from tests.unit.cli.shop import SPEC


@pytest.fixture
def spec(tmp_path: Path) -> str:
    """The path of the small system's spec."""
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return str(file)
