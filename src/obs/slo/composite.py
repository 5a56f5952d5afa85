"""One SLO of several: each minute is an event, as good as its parts were in it.

`all`: a minute is as good as the worst part in it, so a minute that one part spoils is spoilt.
`weighted`: good is the weighted mean of the parts' ratios of good events in the minute,
Σ wᵢ·goodᵢ/totalᵢ / Σ wᵢ (the weighted arithmetic mean). Over a window the composite's ratio is
the mean of its minutes, so that windows add up and burn rates are exact, whatever the traffic.

A part without events in a minute says nothing of it; a minute that no part says anything of is no
event.
"""

from collections.abc import Sequence

from obs.slo.cumulative import Counts


def combined(parts: Sequence[Counts], weights: Sequence[float] = ()) -> Counts:
    """A minute from (good, total) of each part; `weights` as many as parts, or none for `all`.

    Raises ValueError where the numbers of parts and weights differ.
    """
    if not weights:
        ratios = [good / total for good, total in parts if total]
        return (min(ratios), 1.0) if ratios else (0.0, 0.0)
    told = [
        (weight, good / total)
        for (good, total), weight in zip(parts, weights, strict=True)
        if total
    ]
    if not told:
        return 0.0, 0.0
    mean = sum(weight * ratio for weight, ratio in told) / sum(weight for weight, _ in told)
    return min(max(mean, 0.0), 1.0), 1.0
