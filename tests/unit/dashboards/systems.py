"""Systems that dashboards are built for in these tests."""

from pathlib import Path
from typing import Any

import yaml

from obs.dashboards.build import Board, boards
from obs.spec.load import load
from obs.spec.system import System

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"


def oms() -> System:
    """The reference system."""
    return load([OMS], variables={})


def system(folder: Path, **changes: Any) -> System:
    """The reference system with some sections replaced; None takes one away."""
    spec = yaml.safe_load(OMS.read_text(encoding="utf-8"))
    spec.pop("environments")
    spec.update(changes)
    file = folder / "spec.yaml"
    kept = {name: section for name, section in spec.items() if section is not None}
    file.write_text(yaml.safe_dump(kept), encoding="utf-8")
    return load([file], variables={})


def by_page(of: System) -> dict[str, Board]:
    """The boards of a system by the names of their pages."""
    return {board.page: board for board in boards(of)}


def panels(board: Board) -> list[dict[str, Any]]:
    """The panels that show something."""
    return [panel for panel in board.json["panels"] if panel["type"] != "row"]


def panel(board: Board, title: str) -> dict[str, Any]:
    """The panel of this title."""
    (found,) = [each for each in panels(board) if each["title"] == title]
    return found
