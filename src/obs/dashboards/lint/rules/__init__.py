"""All rules, in the order in which `obs dashboards lint --list` names them."""

from typing import Final

from obs.dashboards.lint.rules import board, datasources, layout, panels, targets, templates
from obs.dashboards.lint.rules.rule import Rule

ALL: Final[tuple[Rule, ...]] = (
    *templates.RULES,
    *datasources.RULES,
    *panels.RULES,
    *layout.RULES,
    *targets.RULES,
    *board.RULES,
)
BY_NAME: Final = {rule.name: rule for rule in ALL}

__all__ = ["ALL", "BY_NAME", "Rule"]
