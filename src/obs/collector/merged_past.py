"""The past of objectives whose events several collectors have counted, one after another.

An objective is one shard's. Where the number of shards has changed, so may have its shard, and each
has a part of its past.
"""

from collections.abc import Iterable, Sequence

import msgspec

from obs.web.slo_history import SloPast


def merged(pasts: Iterable[SloPast]) -> list[SloPast]:
    """One for each objective, in the order in which they first come."""
    by_identity: dict[tuple[str, str, str], list[SloPast]] = {}
    for past in pasts:
        by_identity.setdefault((past.service, past.name, past.object), []).append(past)
    return [_merged(each) for each in by_identity.values()]


def _merged(parts: Sequence[SloPast]) -> SloPast:
    """Of a step that several have, what the one that saw most events says: they counted the same
    objective, so that a sum would count events twice."""
    known = [(each.known_from, each.known_until, each) for each in parts]
    begun = [(since, until, each) for since, until, each in known if since is not None and until]
    if not begun:
        return parts[0]
    if len(begun) == 1:
        return begun[0][2]
    last = max(begun, key=lambda each: each[1])[2]
    first = min((each for _, _, each in begun), key=lambda each: each.start)
    steps: dict[int, tuple[float, float]] = {}
    for _, _, each in begun:
        _add(steps, each)
    start, step = min(steps, default=first.start), last.step
    count = (max(steps, default=start - step) - start) // step + 1
    every = [steps.get(start + at * step, (0.0, 0.0)) for at in range(count)]
    return msgspec.structs.replace(
        last,
        known_from=min(since for since, _, _ in begun),
        start=start,
        total=tuple(total for total, _ in every),
        bad=tuple((at, bad) for at, (_, bad) in enumerate(every) if bad),
        maintenance=first.maintenance,
    )


def _add(steps: dict[int, tuple[float, float]], past: SloPast) -> None:
    bad = dict(past.bad)
    for at, total in enumerate(past.total):
        moment = past.start + at * past.step
        steps[moment] = max(steps.get(moment, (0.0, 0.0)), (total, bad.get(at, 0.0)))
