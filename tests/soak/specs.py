"""The specs that a soak goes through: each reload adds, changes or breaks something."""

from pathlib import Path
from typing import Any, Final

import yaml

from tests.soak.neighbours import Neighbours

_CHANGES: Final = 6
"""Kinds of change, in turn."""
_AWS: Final = 300.0  # seconds between two polls


class Specs:
    """The spec file of a collector, written anew for each reload."""

    def __init__(self, folder: Path, at: Neighbours) -> None:
        self.file = folder / "spec.yaml"
        self.state = folder / "state"
        self.state.mkdir()
        self._at = at
        self.write(0)

    def write(self, number: int) -> None:
        """The spec of this reload. What is added has a name of its own each time."""
        spec = self._base()
        match number % _CHANGES:
            case 1:
                # Once it is gone, what is known of it is kept for its window.
                added = {"name": f"added-{number}", "window": "1h"}
                spec["slos"].append({**spec["slos"][0], **added})
            case 2:
                spec["sources"]["nats"][f"more-{number}"] = spec["sources"]["nats"]["main"]
            case 3:
                spec["sources"]["nats"]["main"]["monitr"] = "refused"
            case 4:
                del spec["outputs"]["otlp"]
            case 5:
                spec["sources"]["prometheus"]["metrics"]["timeout"] = f"{2 + number % 5}s"
        self.file.write_text(yaml.safe_dump(spec), encoding="utf-8")

    def _base(self) -> dict[str, Any]:
        url, brief, every = self._at.url, {"timeout": "2s"}, f"{self._at.every:g}s"
        counted = {"source": "metrics", "bad": "bad_total", "total": "all_total"}
        lag = {
            "source": "main",
            "stream": "STAYS",
            "consumer": "w*",
            "by": "consumer",
            "max_seconds": "10m",
        }
        objective = {"service": "soak", "objective": 99.0, "window": "1d"}
        return {
            "version": 1,
            "system": "soak",
            "state_dir": str(self.state),
            "sources": {
                "nats": {
                    "main": {"monitor": [url], "discover": False, "ephemeral": "each", **brief}
                    | {"poll": every, "config_every": every}
                },
                "prometheus": {"metrics": {"url": url, "poll": every, **brief}},
                "aws": {
                    "account": {"region": "us-east-1", "endpoint_url": self._at.aws, **brief}
                    | {
                        "poll": f"{max(300.0, self._at.every):g}s",
                        "buses": [{"name": "oms-events"}],
                    }
                },
            },
            "slos": [
                {"name": "requests", "sli": {"prometheus": counted}, **objective},
                {"name": "lag", "sli": {"nats_lag": {**lag, "by": "consumer"}}, **objective},
            ],
            "outputs": {"otlp": {"endpoint": url, "every": every, **brief}},
        }
