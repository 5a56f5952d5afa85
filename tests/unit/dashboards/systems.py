"""Systems that dashboards are built for in these tests."""

from pathlib import Path
from typing import Any, get_args

import yaml

from obs.dashboards.build import Board, boards
from obs.spec.canary import CanarySource
from obs.spec.ha import HighAvailability
from obs.spec.load import load
from obs.spec.nats import ClientConnections, Event, Group
from obs.spec.probe import ProbeSource
from obs.spec.system import System

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"


def oms() -> System:
    """The reference system."""
    return load([OMS], variables={})


def oms_with_every_group() -> System:
    """The reference system, of which everything is collected that a spec can ask for."""
    whole = oms()
    (name, nats), *_ = whole.sources.nats.items()
    clients = ClientConnections(accounts=("OMS",))
    (connection,) = nats.every_connection
    collects = nats.model_copy(
        update={
            "collect": get_args(Group),
            "client_connections": clients,
            "connection": connection.model_copy(update={"events": get_args(Event)}),
        }
    )
    (account, aws), *_ = whole.sources.aws.items()
    every = ("*",)
    named = ("pipes", "schedule_groups", "api_destinations", "archives")
    queues = {"work_queues": ("orders-*",), "dead_letter_causes": True}
    asked = {**queues, "put_events": True, "targets": True, **dict.fromkeys(named, every)}
    watches = aws.model_copy(update=asked)
    target = {"name": "api", "http": "https://api.example.com/ready"}
    probed = ProbeSource.model_validate({"targets": [target]})
    path = {"source": name, "stream": "OMS_EVENTS", "subject": "oms.canary"}
    canary = CanarySource.model_validate({"nats": path})
    of_kinds = {
        "nats": {name: collects},
        "aws": {account: watches},
        "probe": {"edge": probed},
        "canary": {"oms": canary},
    }
    sources = whole.sources.model_copy(update=of_kinds)
    bucket = {"source": name, "bucket": "obs-lease"}
    ha = HighAvailability.model_validate({"lease": {"nats": bucket}})
    return whole.model_copy(update={"sources": sources, "ha": ha})


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
