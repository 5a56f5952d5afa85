"""Whether the error budgets of objectives allow a deployment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from obs.checks.recorded_slos import RecordedSlos
from obs.errors import BadInput
from obs.slo.evaluate import NO_DATA_AFTER
from obs.spec.report import did_you_mean
from obs.spec.slos import Slo
from obs.web.status import SloStatus


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of one objective's error budget; None where it cannot be told.

    `origin` says where it was looked for, if not in the collector.
    """

    name: str
    remaining: float | None
    least: float
    origin: str = ""

    @property
    def allows(self) -> bool:
        """Whether enough is left."""
        return self.remaining is not None and self.remaining >= self.least


class Named(Protocol):
    """An objective by its name."""

    @property
    def name(self) -> str: ...
    @property
    def service(self) -> str: ...


T = TypeVar("T", bound=Named)


def chosen(slos: Sequence[T], names: Collection[str]) -> list[T]:
    """The objectives of these names, which are NAME or SERVICE/NAME and may be globs; all without.

    Raises BadInput for names that none has, all at once, and where there is no objective.
    """
    if not slos:
        raise BadInput("there is no SLO; add one to slos in the spec")
    if not names:
        return list(slos)
    found: list[T] = []
    unknown: list[str] = []
    for name in names:
        matching = [slo for slo in slos if is_called(slo, name)]
        found += [slo for slo in matching if slo not in found]
        if not matching:
            choices = sorted({each for slo in slos for each in _names(slo)})
            hint = did_you_mean(name, choices) or f"; there are {', '.join(choices)}"
            unknown.append(f"there is no SLO {name!r}{hint}")
    if unknown:
        raise BadInput("\n".join(unknown))
    return found


def is_called(slo: Named, name: str) -> bool:
    """Whether this is its name, or a glob that matches it."""
    return any(fnmatchcase(each, name) for each in _names(slo))


def _names(slo: Named) -> tuple[str, str]:
    return slo.name, f"{slo.service}/{slo.name}"


def budgets(slos: Sequence[SloStatus], least: float) -> list[Budget]:
    """What is left of each, the least first; one that has no data cannot be told."""
    found = (Budget(f"{each.service}/{each.called}", _remaining(each), least) for each in slos)
    return least_first(found)


def recorded_budgets(slos: Iterable[Slo], found: RecordedSlos, least: float) -> list[Budget]:
    """What is left of each as Prometheus has it, the least first."""
    return least_first(
        Budget(
            f"{each.service}/{each.name}{f' of {of}' if of else ''}",
            _recorded(found, (each.service, each.name, of)),
            least,
            found.origin,
        )
        for each in slos
        for of in (each.sli.measured.each and found.objects_of(each.service, each.name)) or ("",)
    )


def _recorded(found: RecordedSlos, key: tuple[str, str, str]) -> float | None:
    """None where no data has arrived for as long as an alert takes to say so."""
    fresh = found.at - found.watermarks.get(key, 0.0) <= NO_DATA_AFTER
    return found.remaining.get(key) if fresh else None


def least_first(found: Iterable[Budget]) -> list[Budget]:
    """Those that cannot be told, then those with the least left."""
    return sorted(found, key=lambda each: (each.remaining is not None, each.remaining or 0.0))


def verdict(found: Sequence[Budget]) -> str:
    """All of it in one line."""
    blocking = [each for each in found if not each.allows]
    if blocking:
        return f"blocked: {'; '.join(map(_sentence, blocking))}"
    if len(found) == 1:
        return f"allowed: {_sentence(found[0])}"
    least = _percent(found[0].least)
    return f"allowed: {len(found)} SLOs have at least {least} of their error budget left"


def _remaining(slo: SloStatus) -> float | None:
    return None if slo.silent or slo.state == "no_data" else slo.budget_remaining


def _sentence(budget: Budget) -> str:
    needed = f"needs {_percent(budget.least)}"
    if budget.remaining is None:
        at = f" in {budget.origin}" if budget.origin else ""
        return f"{budget.name} has no data{at}, so its error budget is unknown ({needed})"
    return f"{budget.name} has {_percent(budget.remaining)} of its error budget left ({needed})"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.4g} %"
