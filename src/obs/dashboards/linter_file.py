"""The file `.lint` for Grafana's dashboard-linter: what our dashboards do on purpose."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.dashboards.build import Board
from obs.dashboards.expressions import JOB
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

_OF_OTHERS: Final = "The spec chooses the series of other exporters, by job where it says so."
_AS_ALERTS: Final = "What alerts compare is drawn over the window that they compare it over."


def linter_file(built: Sequence[Board]) -> str:
    """The text of the file for these dashboards, which are in its folder."""
    exclusions: dict[str, Any] = {
        rule: {"reason": _NO_INSTANCE}
        for rule in ("target-instance-rule", "template-instance-rule")
    }
    if on_alerts := list(_on_alerts(built)):
        exclusions["target-job-rule"] = {"reason": _NO_JOB, "entries": on_alerts}
    if of_others := [{"dashboard": board.title} for board in built if _is_of_others(board)]:
        exclusions["template-job-rule"] = {"reason": _OF_OTHERS, "entries": of_others}
        entries = [*exclusions.get("target-job-rule", {}).get("entries", ()), *of_others]
        reason = f"{_NO_JOB} {_OF_OTHERS}" if on_alerts else _OF_OTHERS
        exclusions["target-job-rule"] = {"reason": reason, "entries": entries}
    if of_packs := [{"dashboard": board.title} for board in built if board.of_pack]:
        exclusions["target-rate-interval-rule"] = {"reason": _AS_ALERTS, "entries": of_packs}
    return yaml_text({"exclusions": exclusions}, head=_HEAD)


def _on_alerts(built: Sequence[Board]) -> Iterator[dict[str, str]]:
    for board in built:
        for panel in every_panel(board.json["panels"]):
            if any("ALERTS" in each.get("expr", "") for each in panel.get("targets", ())):
                yield {"dashboard": board.title, "panel": panel["title"]}


def _is_of_others(board: Board) -> bool:
    """Whether it shows the series of other exporters, which are not chosen by the collector."""
    return all(each["name"] != JOB for each in board.json["templating"]["list"])
