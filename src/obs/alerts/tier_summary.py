"""Which burn-rate alerts the SLOs of a system have, and which they lack, for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from obs.catalogue.query import number
from obs.slo.burn import objective_ratio
from obs.slo.tiers import Tier, tiers
from obs.slo.windows import is_scaled, window
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class SloTiers:
    """One SLO: its tiers in words, and the reasons for which others are left out.

    `scaled`: their windows are shorter than those of a month.
    """

    service: str
    name: str
    window: str
    scaled: bool
    tiers: tuple[str, ...]
    left_out: tuple[str, ...]


def slo_tiers(system: System) -> Iterator[SloTiers]:
    """The tiers of each SLO, in the order of the spec."""
    for slo in system.slos:
        label, scaled = slo.window_label, slo.tiers is None and is_scaled(slo.window)
        try:
            found = tiers(objective_ratio(slo.objective), slo.window, own=slo.tiers or ())
        except ValueError as error:
            yield SloTiers(slo.service, slo.name, label, scaled, (), tuple(str(error).split("; ")))
        else:
            kept = tuple(_in_words(tier) for tier in found.kept)
            reasons = tuple(reason for _, reason in found.dropped)
            yield SloTiers(slo.service, slo.name, label, scaled, kept, reasons)


def _in_words(tier: Tier) -> str:
    long, short = window(tier.long_seconds).label, window(tier.short_seconds).label
    return f"{tier.severity} above {number(tier.factor)} over {long} and {short}"
