"""The file `.lint` for Grafana's dashboard-linter: what our dashboards do on purpose."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.dashboards.build import Board
from obs.dashboards.normalise import every_panel

FILE: Final = ".lint"

_HEAD: Final = (
    "# Built by `obs dashboards build`: what Grafana's dashboard-linter should not report.\n"
)
_OF_INSTANCES: Final = ("target-instance-rule", "template-instance-rule")
_NO_INSTANCE: Final = (
    "The series are about what is monitored; which collector exports them makes no difference."
)
_NO_JOB: Final = "Alerts have the labels that their rule leaves, which need not include job."


def linter_file(built: Sequence[Board]) -> str:
    """The text of the file for these dashboards, which are in its folder."""
    exclusions: dict[str, Any] = {
        rule: {"reason": _NO_INSTANCE}
        for rule in ("target-instance-rule", "template-instance-rule")
    }
    if on_alerts := list(_on_alerts(built)):
        exclusions["target-job-rule"] = {"reason": _NO_JOB, "entries": on_alerts}
    return yaml_text({"exclusions": exclusions}, head=_HEAD)


def _on_alerts(built: Sequence[Board]) -> Iterator[dict[str, str]]:
    for board in built:
        for panel in every_panel(board.json["panels"]):
            if any("ALERTS" in each.get("expr", "") for each in panel.get("targets", ())):
                yield {"dashboard": board.title, "panel": panel["title"]}
