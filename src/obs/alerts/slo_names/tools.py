"""The one list of tools, and the groups of the rules that record their names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from obs.alerts.slo_names import pyrra, sloth
from obs.alerts.slo_names.subject import RecordingRule, Subject
from obs.catalogue import slo as metrics
from obs.spec.system import System

NAME: Final = "slo-names"
"""Of the rule file."""
TOOLS: Final[Mapping[str, Callable[[Subject], Iterator[RecordingRule]]]] = {
    "pyrra": pyrra.rules,
    "sloth": sloth.rules,
}
READ: Final = (
    *(metrics.ERROR_RATIO, metrics.BURN_RATE, metrics.BUDGET_REMAINING),
    *(metrics.EVENTS, metrics.GOOD_EVENTS),
)
"""What the rules read; without these there are none."""

Group = dict[str, Any]


def named_groups(system: System) -> list[Group]:
    """A rule group for each SLO and each tool of `targets.slo_names`.

    None of SLOs over many objects, which these tools have not.
    """
    if any(metric not in system.exported for metric in READ):
        return []
    return [
        {
            "name": f"{system.known_as}-slo-names-{tool}-{slo.service}-{slo.name}",
            "rules": list(TOOLS[tool](Subject(slo, system.labels))),
        }
        for tool in system.targets.slo_names
        for slo in system.slos
        if not slo.sli.measured.each
    ]


def is_named(record: str) -> bool:
    """Whether a rule of that name is one that these groups may have."""
    return (
        record in {*sloth.NAMES, *pyrra.NAMES}
        or record.startswith(sloth.RATIO)
        or pyrra.BY_METRIC.fullmatch(record) is not None
    )


def named_documents(system: System) -> dict[str, Group]:
    """The rule file by its name; none where the spec asks for no names."""
    groups = named_groups(system)
    return {NAME: {"groups": groups}} if groups else {}
