"""Probes as families."""

from collections.abc import Sequence
from dataclasses import dataclass

from obs.catalogue import probe
from obs.families.family import Family, RowCache
from obs.snapshot.probe import Probed


@dataclass(frozen=True, slots=True)
class ProbeNumbers:
    """One target: its last probe, and what was counted. `failed` is by reason, each that it can
    fail for; `last_success` in Unix seconds, None for none."""

    last: Probed
    probes: int
    failures: int
    failed: tuple[tuple[str, int], ...]
    in_a_row: int
    last_success: float | None


def probe_families(
    targets: Sequence[ProbeNumbers], source: str, at: float, cache: RowCache
) -> list[Family]:
    """All families of the targets of a source, probed at `at` (Unix seconds)."""
    rows = cache.rows("targets", [(source, each.last.target) for each in targets])
    last = [each.last for each in targets]
    up = [each.up for each in last]
    remaining = [None if each.expires is None else each.expires - at for each in last]
    return [
        Family(probe.UP, rows, [None if each is None else int(each) for each in up]),
        Family(
            probe.FAILED_IN_A_ROW,
            rows,
            [each.in_a_row if is_up is not None else None for each, is_up in _both(targets, up)],
        ),
        Family(
            probe.DURATION, rows, [_seconds(each.seconds) if each.up else None for each in last]
        ),
        _phases(last, source, cache),
        Family(probe.HTTP_STATUS, rows, [each.status for each in last]),
        Family(probe.CERTIFICATE_REMAINING, rows, [_rounded(each) for each in remaining]),
        Family(probe.CERTIFICATE_EXPIRES, rows, [each.expires for each in last]),
        Family(probe.PROBES, rows, [each.probes for each in targets]),
        _failures(targets, source, cache),
        Family(probe.FAILED_ALL, rows, [each.failures for each in targets]),
        Family(probe.LAST_SUCCESS, rows, [each.last_success for each in targets]),
        *_dependencies(last, source, cache),
    ]


def _both(
    targets: Sequence[ProbeNumbers], up: Sequence[bool | None]
) -> list[tuple[ProbeNumbers, bool | None]]:
    return list(zip(targets, up, strict=True))


def _phases(last: Sequence[Probed], source: str, cache: RowCache) -> Family:
    found = {
        (source, each.target, phase): _seconds(each.phases[phase])
        for each in last
        if each.up
        for phase in probe.PHASES
        if phase in each.phases
    }
    return Family(probe.PHASE, cache.rows("phases", list(found)), list(found.values()))


def _failures(targets: Sequence[ProbeNumbers], source: str, cache: RowCache) -> Family:
    found = {
        (source, each.last.target, reason): count
        for each in targets
        for reason, count in each.failed
    }
    return Family(probe.FAILED, cache.rows("failures", list(found)), list(found.values()))


def _dependencies(last: Sequence[Probed], source: str, cache: RowCache) -> list[Family]:
    told = [(each.target, each.dependencies) for each in last if each.dependencies is not None]
    up = {
        (source, target, name): int(works)
        for target, states in told
        for name, works in states.up.items()
    }
    left_out = {
        (source, target, reason): count
        for target, states in told
        for reason, count in states.left_out.items()
    }
    rows = cache.rows("dependencies left out", list(left_out))
    return [
        Family(probe.DEPENDENCY_UP, cache.rows("dependencies", list(up)), list(up.values())),
        Family(probe.DEPENDENCIES_LEFT_OUT, rows, list(left_out.values())),
    ]


def _seconds(value: float) -> float:
    return round(value, 6)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
