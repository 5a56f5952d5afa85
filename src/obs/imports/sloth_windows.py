"""sloth's AlertWindows: the period of SLOs, and the windows and budgets of their alerts."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from obs.durations import format_duration
from obs.imports.findings import Section
from obs.spec.slo_facts import OwnTier, same_place_twice

_STEP: Final = 300.0
_TIERS: Final[TypeAdapter[tuple[OwnTier, ...]]] = TypeAdapter(tuple[OwnTier, ...])


def read_windows(documents: Sequence[Section]) -> dict[str, Any]:
    """The fields `window` and `tiers` of all SLOs; none without such a document."""
    fields: dict[str, Any] = {}
    for document in documents:
        if fields:
            document.lost("", "is left out: the windows are those of the first AlertWindows")
            continue
        document.known("apiVersion", "kind", "metadata")
        spec = document.section("spec")
        document.tell_unread()
        if spec is not None:
            fields = _fields(spec)
    return fields


def _fields(spec: Section) -> dict[str, Any]:
    period = spec.seconds("sloPeriod")
    window = {"window": format_duration(period)} if period else {}
    tiers = list(_tiers(spec))
    spec.tell_unread()
    try:
        found = _TIERS.validate_python(tiers)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        spec.lost("", f"obs keeps its own tiers: {where}: {error.errors()[0]['msg']}")
        return window
    too_long = period is not None and any(tier.long > period for tier in found)
    if too_long or not found or same_place_twice(found) is not None:
        spec.lost("", "obs keeps its own tiers: two have the same long window, or one is too long")
        return window
    return {**window, "tiers": tiers}


def _tiers(spec: Section) -> Iterator[dict[str, Any]]:
    for severity in ("page", "ticket"):
        of_severity = spec.section(severity)
        if of_severity is None:
            continue
        for speed in ("quick", "slow"):
            if one := of_severity.section(speed):
                yield _tier(one, severity)
        of_severity.tell_unread()


def _tier(one: Section, severity: str) -> dict[str, Any]:
    share = one.number("errorBudgetPercent")
    lengths = [(field, _length(one, f"{field}Window")) for field in ("long", "short")]
    one.tell_unread()
    return {
        "severity": severity,
        **{field: format_duration(seconds) for field, seconds in lengths if seconds},
        **({} if share is None else {"budget": f"{share:.12g}%"}),
    }


def _length(one: Section, key: str) -> float | None:
    """A window of multiples of 5m: a longer one where it is none, which is told."""
    seconds = one.seconds(key)
    if not seconds or not seconds % _STEP:
        return seconds
    longer = (seconds // _STEP + 1) * _STEP
    one.lost(key, f"obs has windows of multiples of 5m; it is {format_duration(longer)} now")
    return longer
