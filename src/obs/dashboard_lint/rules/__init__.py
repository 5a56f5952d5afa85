"""All rules, in the order in which `obs dashboards lint --list` names them."""

from typing import Final

from obs.dashboard_lint.rules import board, datasources, layout, panels, targets, templates
from obs.dashboard_lint.rules.rule import LintRule

ALL: Final[tuple[LintRule, ...]] = (
    *templates.RULES,
    *datasources.RULES,
    *panels.RULES,
    *layout.RULES,
    *targets.RULES,
    *board.RULES,
)
BY_NAME: Final = {rule.name: rule for rule in ALL}

__all__ = ["ALL", "BY_NAME", "LintRule"]
