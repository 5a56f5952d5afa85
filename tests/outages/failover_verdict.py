"""What alerts, series, counters and AWS saw of a failover, compared with what is true."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from obs.alerts.alert import HOUR, MINUTE
from obs.catalogue.aws import FAILED_INVOCATIONS, INVOCATIONS
from obs.catalogue.growth import growth, recalled_growth
from obs.catalogue.nats import DELIVERED
from obs.catalogue.query import over_time
from tests.integration.collector_process import Sample, Scrape, key, own_labels
from tests.integration.prometheus_server import Raw
from tests.integration.waiting import eventually
from tests.outages.failover_rig import (
    DELIVERY,
    GROWING,
    NATS_POLL,
    POLL,
    STARTS,
    WINDOW,
    Member,
    Rig,
)
from tests.outages.failover_traffic import BAD_EACH, COUNTED, FAILING, FINE, invocations
from tests.outages.outage import Recovery

FIRING: Final = {
    "NatsConsumerLagHigh": 1,
    "ObsWatchdog": 1,
    "SloBudgetBurnsFast": 2,
    "SloBudgetBurnsSlowly": 2,
    "SloBudgetExhausted": 1,
    "SqsDeadLettersWaiting": 1,
}
"""How many alerts of each name fire all the time."""
_ADDED: Final = ("__name__", "instance", "job")  # by Prometheus
_OURS: Final = '{system="oms",__name__!~"ALERTS.*"}'
_TOTALS: Final = '{__name__=~"(nats|eventbridge|sqs|slo)_.*_total",system="oms"}'
_SETTLES: Final = 120.0  # seconds until the events of a minute are in a ledger
_EVALUATIONS: Final = 5
_METRICS: Final = (INVOCATIONS, FAILED_INVOCATIONS, DELIVERED)

Alert = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Before:
    """What there was before something failed; `at` in Unix seconds."""

    at: float
    notices: int
    firing: dict[Alert, float]  # since when each holds, as Prometheus remembers it
    series: frozenset[Sample]


@dataclass(frozen=True)
class Gaps:
    """Longest gaps of series, in seconds: of those that only a leader has, and of the others."""

    paid: float
    free: float


def settled(rig: Rig) -> Before:
    """Once all alerts fire that are to, and no other is about to."""
    eventually(lambda: _steady(rig), STARTS)
    since = {_identity(labels): value for labels, value in rig.prometheus.query("ALERTS_FOR_STATE")}
    firing = {alert: since[alert] for alert in rig.firing()}
    now = time.time()
    series = {sample_of(each) for each in rig.prometheus.raw(_OURS, 5, now)}
    return Before(now, len(rig.receiver.notices), firing, frozenset(filter(_stays, series)))


def scraped(rig: Rig) -> Before:
    """The same where no Prometheus looks on."""
    series = set[Sample]().union(*(each.collector.scrape() for each in rig.members))
    return Before(time.time(), 0, {}, frozenset(filter(_stays, series)))


def _steady(rig: Rig) -> bool:
    names = sorted(name for alert in rig.firing() for field, name in alert if field == "alertname")
    states = {labels["alertstate"] for labels, _ in rig.prometheus.query("ALERTS")}
    wanted = FIRING if rig.short else FIRING | dict.fromkeys(GROWING, 1)
    fire = {name: names.count(name) for name in names} == wanted and states == {"firing"}
    return fire and (rig.short or _is_recalled(rig))


def _is_recalled(rig: Rig) -> bool:
    """Whether the growth of counters is known also from before the window."""
    known = recalled_growth(FAILED_INVOCATIONS, FAILED_INVOCATIONS.labels, (), WINDOW)
    found = rig.prometheus.query(over_time("max_over_time", known, HOUR, MINUTE))
    return any(grown > 4 * BAD_EACH for _, grown in found)


def sample_of(raw: Raw) -> Sample:
    """A series without what Prometheus added: as `max by` has it."""
    kept = ((name, value) for name, value in raw.labels.items() if name not in _ADDED)
    return raw.name, own_labels(kept)


def _stays(sample: Sample) -> bool:
    """What a month will cost is told after a poll; no alert is on it."""
    return "_projected_" not in sample[0]


def recovered(rig: Rig, before: Before, since: float, *without: Member) -> float:
    """Seconds from `since` until another than these leads and everything is there and fresh."""
    others = [each for each in rig.members if each not in without]
    leader = rig.leader(*without)

    def fresh() -> bool:
        scrapes = [each.collector.scrape() for each in others]
        there: set[Sample] = set().union(*scrapes)
        own = leader.collector.scrape()
        return before.series <= there and all(
            _success(own, name) > since for name in ("aws", "nats")
        )

    eventually(fresh)
    return time.time() - since


def _success(scrape: Scrape, source: str) -> float:
    return scrape.get(key("obs_source_last_success_timestamp_seconds", source=source), 0.0)


def verdict(
    rig: Rig, before: Before, seconds: float, spenders: Sequence[Member], may: Sequence[str] = ()
) -> Recovery:
    """Everything that was lost since. `spenders`: who is to have sent requests to AWS, one after
    the other; `may`: names of alerts that may fire rightly."""
    evaluated = rig.prometheus.evaluations()
    eventually(lambda: rig.prometheus.evaluations() >= evaluated + _EVALUATIONS)
    ended = time.time()
    gaps, lost = _gaps(rig, before, ended)
    lost += [*_alerts(rig, before, ended, may), *_counters(rig, before, ended)]
    lost += _growth(rig, before, ended)
    lost += [*spent_twice(rig, before, spenders), *miscounted(rig)]
    told = f"{len(before.firing)} alerts go on firing, no other does"
    longest = f"no series for {gaps.paid:.1f} s (paid), {gaps.free:.1f} s (free)"
    return Recovery("; ".join(lost), seconds, f"{told}; {longest}")


def _gaps(rig: Rig, before: Before, ended: float) -> tuple[Gaps, list[str]]:
    """Of the union of all instances of a series."""
    points: dict[Sample, list[float]] = {each: [before.at] for each in before.series}
    for raw in rig.prometheus.raw(_OURS, ended - before.at, ended):
        if (sample := sample_of(raw)) in points:
            points[sample] += [at for at, _ in raw.points]
    longest = {"paid": 0.0, "free": 0.0}
    lost = []
    for sample, times in points.items():
        kind, limit = ("paid", 2 * POLL) if _is_paid(sample) else ("free", 2 * NATS_POLL)
        gap = max(later - earlier for earlier, later in pairwise([*sorted(times), ended]))
        longest[kind] = max(longest[kind], gap)
        if gap > limit:
            lost.append(f"{_text(sample)}: no value for {gap:.1f} s (limit {limit:g} s)")
    return Gaps(**longest), _first(lost)


def _first(lost: list[str]) -> list[str]:
    return [*lost[:3], f"{len(lost) - 3} more series"] if len(lost) > 3 else lost


def _is_paid(sample: Sample) -> bool:
    name, labels = sample
    paid = {("source", "aws"), ("slo", DELIVERY)}
    has_aws = any(label == "aws" for label, _ in labels) or name.startswith("obs_aws_")
    return has_aws or not paid.isdisjoint(labels)


def _alerts(rig: Rig, before: Before, ended: float, may: Sequence[str]) -> Iterator[str]:
    """What Alertmanager was told, and what Prometheus remembers of each evaluation."""
    for notice in rig.receiver.notices[before.notices :]:
        if notice.name not in may and (not notice.firing or notice.alert not in before.firing):
            yield f"{notice.name} {'fired' if notice.firing else 'resolved'}"
    window = ended - before.at
    fired = rig.prometheus.raw('ALERTS{alertstate="firing"}', window, ended)
    names = {_identity(each.labels): each.labels["alertname"] for each in fired}
    for alert in names.keys() - before.firing.keys():
        if names[alert] not in may:
            yield f"{names[alert]} fires in Prometheus"
    kept: dict[Alert, set[float]] = {alert: set() for alert in before.firing}
    for each in rig.prometheus.raw("ALERTS_FOR_STATE", window, ended):
        kept.get(_identity(each.labels), set()).update(value for _, value in each.points)
    for alert, since in before.firing.items():
        if kept[alert] != {since}:
            yield f"{dict(alert)['alertname']} ended and began again in Prometheus"


def _identity(labels: dict[str, str]) -> Alert:
    return frozenset((k, v) for k, v in labels.items() if k not in ("__name__", "alertstate"))


def _counters(rig: Rig, before: Before, ended: float) -> Iterator[str]:
    """Those of a leader never fall; and none tells more than has happened.

    Those that every collector counts for itself fall back to what another has counted.
    """
    labels = sorted({label for _, found in before.series for label, _ in found})
    by = f"max by (__name__,{','.join(labels)}) ({_TOTALS})"
    slo_events = key("slo_events_total", slo=DELIVERY, slo_service="oms")
    for raw in rig.prometheus.over(by, before.at, ended):
        sample = sample_of(raw)
        if _is_paid(sample) and any(now < then for (_, then), (_, now) in pairwise(raw.points)):
            yield f"{_text(sample)} fell"
        if sample in COUNTED and any(v > rig.traffic.total(sample, at) for at, v in raw.points):
            yield f"{_text(sample)} counts more than has happened"
        if sample == slo_events:
            first, last = raw.points[0][1], raw.points[-1][1]
            if last - first > _events(rig, ended) - _events(rig, before.at - _SETTLES):
                yield f"{_text(sample)} counts more than has happened"


def _growth(rig: Rig, before: Before, ended: float) -> Iterator[str]:
    """How much rules count since, of what there is a truth of."""
    window = int(ended - before.at)
    since = ended - window
    for metric in _METRICS:
        for labels, grown in rig.prometheus.query(growth(metric, metric.labels, (), window), ended):
            sample = metric.name, own_labels(labels.items())
            if sample not in COUNTED:
                continue
            late = 2 * POLL if _is_paid(sample) else 2 * NATS_POLL
            least = _happened(rig, sample, since, ended - late)
            most = _happened(rig, sample, since - late, ended)
            if not least <= grown <= most:
                yield f"rules count {grown:g} of {_text(sample)}, and not {least:g} to {most:g}"


def _happened(rig: Rig, sample: Sample, since: float, until: float) -> float:
    return rig.traffic.total(sample, until) - rig.traffic.total(sample, since)


def _events(rig: Rig, at: float) -> float:
    return sum(rig.traffic.total(invocations(rule), at) for rule in (FAILING, FINE))


def spent_twice(rig: Rig, before: Before, spenders: Sequence[Member]) -> Iterator[str]:
    """Only one at a time sends requests to AWS, and all that lead do. The first may have sent its
    last one before."""
    owners = [rig.every.index(member) for at, member in rig.spent if at > before.at]
    wanted = [rig.every.index(each) for each in spenders]
    if rig.apart:
        owners = _without_late(owners, *wanted)
    turns = [number for number, _ in groupby(owners)]
    if turns not in (wanted, wanted[1:]):
        yield f"AWS was asked by collectors {turns}, not by {wanted}"


def _without_late(owners: list[int], old: int, new: int) -> list[int]:
    """Without the one request of the old leader that was on its way when its network was cut: it
    arrives once that is mended, after the first of the new one."""
    takeover = owners.index(new) if new in owners else len(owners)
    late = owners[takeover:]
    if late.count(old) == 1:
        late.remove(old)
    return owners[:takeover] + late


def miscounted(rig: Rig) -> Iterator[str]:
    """Once nothing happens any more, every counter is what has happened."""
    rig.traffic.pause()
    wanted = {sample: rig.traffic.total(sample) for sample in COUNTED}
    found: Scrape = {}

    def exact() -> bool:
        found.update(rig.leader().collector.scrape())
        return all(found.get(sample) == total for sample, total in wanted.items())

    try:
        eventually(exact, 3 * POLL)
    except AssertionError:
        for sample, total in wanted.items():
            if found.get(sample) != total:
                yield f"{_text(sample)} is {found.get(sample)} and not {total:g}"


def _text(sample: Sample) -> str:
    name, labels = sample
    return f"{name}{{{','.join(f'{k}={v}' for k, v in sorted(labels))}}}"
