"""Which tiers of an SLO fire, as the alert rules judge them.

An alert ends because good events say so, never because the short window is empty: then the newest
events before it stand, as long as they are in the long window. So does what was once enough bad
events, or a total outage with two events in the long window now and then would come and go.
"""

from collections.abc import Iterable, Iterator

from obs.slo.burn import burn_rate
from obs.slo.evaluate import Evaluation
from obs.slo.expected import Expected
from obs.slo.ledger import Ledger
from obs.slo.tiers import Tier
from obs.slo.windows import recall_step


def firing(
    tiers: Iterable[Tier], ledger: Ledger, evaluation: Evaluation, expected: Expected
) -> Iterator[tuple[Tier, float]]:
    """The tiers that fire, each with the burn rate of its long window."""
    burn = {w.seconds: w.burn_rate for w in evaluation.windows}
    for tier in tiers:
        long, short = burn.get(tier.long_seconds), burn.get(tier.short_seconds)
        if long is None or long <= tier.factor:
            continue
        if short is None:
            short = _newest(tier, ledger, evaluation, expected)
        if short is None or short <= tier.factor:
            continue
        if any(bad >= tier.min_bad_events for bad in _bad(tier, ledger, evaluation.watermark)):
            yield tier, long


def _newest(tier: Tier, ledger: Ledger, evaluation: Evaluation, expected: Expected) -> float | None:
    """The burn rate of the short window when it last had events, while in the long one."""
    for end in _moments(tier, evaluation.watermark):
        good, total = ledger.counts(tier.short_seconds, end)
        if total:
            events = expected.events(total, tier.short_seconds, end)
            return burn_rate((total - good) / events, evaluation.objective)
    return None


def _bad(tier: Tier, ledger: Ledger, watermark: float) -> Iterator[float]:
    """Bad events of the long window, at each moment that is looked back to."""
    for end in _moments(tier, watermark):
        good, total = ledger.counts(tier.long_seconds, end)
        yield total - good


def _moments(tier: Tier, watermark: float) -> Iterator[float]:
    """Now and back to the long window's begin, newest first."""
    step = recall_step(tier.long_seconds)
    return (watermark - age for age in range(0, tier.long_seconds + 1, step))
