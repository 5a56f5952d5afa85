"""The SLOs of a system in parts whose alerts have the same labels, annotations and tiers.

Rules of a part select its SLOs by name, so that an alert has the labels of its SLO although these
are on no series. Where all SLOs are alike there is one part, and its rules select none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from obs.alerts.conditions.scope import Labels
from obs.catalogue import slo
from obs.catalogue.query import Matcher
from obs.ids import short_digest
from obs.spec.slos import Slo
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class SloPart:
    """Some SLOs, as a system without the others.

    `labels` and `annotations` are those of their alerts, `among` selects their series, `apart` are
    labels beside name and service that tell their objects from each other. `name` is that of the
    part, unique in the system and stable while others are added; empty where it is all.
    """

    system: System
    labels: Labels = ()
    annotations: Labels = ()
    among: tuple[Matcher, ...] = ()
    apart: tuple[str, ...] = ()
    name: str = ""

    def has(self, labels: Labels) -> bool:
        """Whether it has an SLO with these labels of its identity."""
        wanted = {pair for pair in labels if pair[0] in slo.SLO}
        return any(wanted <= set(identity(each)) for each in self.system.slos)


def identity(each: Slo) -> Labels:
    """The labels of an SLO's series."""
    return (("slo", each.name), ("slo_service", each.service))


def slo_parts(system: System) -> Iterator[SloPart]:
    """All SLOs of a system, in the order of the first of each part."""
    alike: dict[tuple[object, ...], list[Slo]] = {}
    for each in system.slos:
        alike.setdefault(_facts(each), []).append(each)
    if len(alike) <= 1:
        yield _part(system, list(system.slos), (), "")
        return
    for facts, slos in alike.items():
        by_service: dict[str, list[Slo]] = {}
        for each in slos:
            by_service.setdefault(each.service, []).append(each)
        for service, of_service in by_service.items():
            names = "|".join(sorted(each.name.replace(".", r"\.") for each in of_service))
            among: tuple[Matcher, ...] = (("slo_service", "=", service), ("slo", "=~", names))
            yield _part(system, of_service, among, f"{service} {short_digest(repr(facts))}")


def _part(system: System, slos: list[Slo], among: tuple[Matcher, ...], name: str) -> SloPart:
    if not slos:
        return SloPart(system)
    first = slos[0]
    return SloPart(
        system.model_copy(update={"slos": tuple(slos)}),
        first.alert_labels,
        first.annotations,
        among,
        (slo.OBJECT,) if first.sli.measured.each else (),
        name,
    )


def _facts(each: Slo) -> tuple[object, ...]:
    """What its alerts have beside its name."""
    tiers = tuple(
        (tier.severity, tier.long, tier.short, tier.factor, tier.budget)
        for tier in each.tiers or ()
    )
    split = bool(each.sli.measured.each)
    return (each.alert_labels, each.annotations, tiers, split)
