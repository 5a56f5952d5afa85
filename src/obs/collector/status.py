"""The status document, filled from what the collector knows."""

from collections.abc import Collection, Iterator

from obs import __version__
from obs.collector.collector import Collector
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.lease_seen import Lease
from obs.collector.objective import Objective
from obs.redaction.address import shown_address
from obs.slo.evaluate import NO_DATA_AFTER, Evaluation
from obs.slo.firing import firing
from obs.slo.windows import window
from obs.sources.kinds import KINDS
from obs.spec.slos import Slo
from obs.spec.sources import source_model
from obs.spec.system import System
from obs.spec.watched import SpecName
from obs.web.status import (
    LeaseStatus,
    Level,
    PushStatus,
    RecordedSlo,
    SloState,
    SloStatus,
    SourceStatus,
    SpecObjectStatus,
    Status,
    StatusRow,
)
from obs.web.verdict import complete


def build_status(collector: Collector) -> Status:
    """The current status. Withdrawn sources are listed, their objects are not."""
    system, now = collector.system, collector.clock.wall()
    there = {h.name for h in collector.sources if h.is_shown(collector.clock.monotonic())}
    lists: dict[str, tuple[StatusRow, ...]] = {}
    figures: dict[str, float | None] = {}
    for kind in KINDS:
        trackers = [
            collector.trackers[name] for name in system.sources.of(kind.key) if name in there
        ]
        lists.update(kind.status(trackers))
        figures.update(kind.figures(collector.clients_of(kind)))
    shown = set(collector.shown_objectives())
    return complete(
        Status(
            system=system.system,
            environment=system.environment,
            description=system.description,
            version=__version__,
            shard=str(system.share.shard or ""),
            generated_at=now,
            uptime_seconds=max(0.0, now - collector.started),
            spec_refused=collector.spec.refused,
            lease=_lease(collector.lease),
            slos=tuple(
                _slo(each, each in shown, _is_silent(collector, each, now))
                for each in collector.objectives.all
            ),
            lists=lists,
            sources=tuple(
                _source(
                    health,
                    now,
                    _has_no(collector, health),
                    _withdrawn(collector, health),
                    _notes(collector, health),
                )
                for health in collector.sources
            ),
            pushes=tuple(_push(health) for health in collector.pushes),
            spec_objects=tuple(_spec_objects(collector, there)),
            figures=figures,
            slos_by_rules=tuple(f"{x.service}/{x.name}" for x in system.slos if x.by_rules),
            recorded_slos=tuple(_recorded(x, system) for x in system.slos if x.by_rules),
        )
    )


def _lease(lease: Lease | None) -> LeaseStatus | None:
    if lease is None:
        return None
    return LeaseStatus(
        leads=lease.leads, holder=lease.held_by, epoch=lease.epoch, error=lease.error
    )


def _spec_objects(collector: Collector, there: Collection[str]) -> Iterator[SpecObjectStatus]:
    """What the spec names and is missing or idle; of a source that is stale it is not known."""
    for source in filter(there.__contains__, collector.trackers):
        for each in collector.spec_names.missing(source):
            level: Level = "warning" if each.named.is_glob else "critical"
            yield _spec_object(source, each.named, level, str(each))
        for named, text in collector.spec_names.idle(source):
            yield _spec_object(source, named, "warning", text)


def _spec_object(source: str, named: SpecName, level: Level, text: str) -> SpecObjectStatus:
    return SpecObjectStatus(
        source=source,
        kind=named.kind,
        object=named.label,
        path=named.path,
        level=level,
        text=text,
    )


def _has_no(collector: Collector, health: SourceHealth) -> str | None:
    """What a source has none of, where the spec's names do not already say it."""
    tracker = collector.trackers.get(health.name)
    if tracker is None or not health.up or any(collector.spec_names.missing(health.name)):
        return None
    return tracker.nothing() or None


def _is_silent(collector: Collector, objective: Objective, now: float) -> bool:
    """Whether its source is up, but has had no data for a long time; see alert SloNoData."""
    sources = [each for each in collector.sources if each.name in objective.sources]
    since = max(collector.started, objective.asked_since, objective.watermark or 0.0)
    up = bool(sources) and all(each.up for each in sources)
    return up and now - since > NO_DATA_AFTER


def _slo(objective: Objective, fresh: bool, silent: bool) -> SloStatus:
    slo, evaluation = objective.slo, objective.evaluation if fresh else None
    state, urgent, reasons = _slo_state(objective, evaluation)
    by_label = {w.label: w for w in evaluation.windows} if evaluation else {}
    own = by_label.get("1h")
    return SloStatus(
        name=slo.name,
        service=slo.service,
        object=objective.of,
        description=slo.description,
        labels=dict(slo.info_labels),
        links=dict(slo.links),
        sli=slo.in_words(),
        objective_percent=slo.objective,
        window=slo.window_label,
        state=state,
        urgent=urgent,
        reasons=reasons,
        budget_remaining=evaluation.budget_remaining if evaluation else None,
        burn_rates={label: w.burn_rate for label, w in by_label.items()},
        error_ratios={label: w.error_ratio for label, w in by_label.items()},
        exhaustion_seconds=own.exhaustion_seconds if own else None,
        good=evaluation.good if evaluation else 0.0,
        total=evaluation.total if evaluation else 0.0,
        watermark=objective.watermark if fresh else None,
        silent=silent,
        resets_at=evaluation.resets_at if evaluation else None,
        in_maintenance=bool(objective.in_maintenance),
    )


def _recorded(slo: Slo, system: System) -> RecordedSlo:
    source = slo.sli.measured.source
    return RecordedSlo(
        name=slo.name,
        service=slo.service,
        description=slo.description,
        sli=slo.in_words(),
        objective_percent=slo.objective,
        window=slo.window_label,
        source=source,
        url=shown_address(system.sources.named(source).where),
    )


def _slo_state(
    objective: Objective, evaluation: Evaluation | None
) -> tuple[SloState, bool, tuple[str, ...]]:
    start, watermark = objective.counting.start, objective.watermark
    if watermark is not None and watermark <= start:
        return "no_data", False, (f"begins {objective.slo.start} ({objective.slo.timezone})",)
    left = evaluation.budget_remaining if evaluation else None
    if evaluation is None or not (evaluation.total or left):
        return "no_data", False, ()
    if left is None:
        return "too_few", False, ("one bad event, and too few events to tell what that means",)
    if left < 0:
        return "exhausted", True, ("error budget exhausted",)
    burning = list(firing(objective.tiers, objective.ledger, evaluation, objective.expected))
    if not burning:
        return "ok", False, ()
    reasons = tuple(
        f"burn rate {rate:.3g} over {window(tier.long_seconds).label}" for tier, rate in burning
    )
    return "burning", any(tier.severity == "page" for tier, _ in burning), reasons


def _withdrawn(collector: Collector, health: SourceHealth) -> tuple[str, ...]:
    tracker = collector.trackers.get(health.name)
    return tuple(tracker.withdrawn()) if tracker else ()


def _notes(collector: Collector, health: SourceHealth) -> tuple[str, ...]:
    tracker = collector.trackers.get(health.name)
    return tuple(tracker.notes()) if tracker else ()


def _source(
    health: SourceHealth,
    now: float,
    has_no: str | None,
    withdrawn: tuple[str, ...],
    notes: tuple[str, ...],
) -> SourceStatus:
    return SourceStatus(
        name=health.name,
        kind=health.kind,
        words=source_model(health.kind).words,
        up=health.up,
        required=health.required,
        last_success=health.last_success,
        age_seconds=None if health.last_success is None else max(0.0, now - health.last_success),
        stale_after=health.stale_after,
        poll_seconds=health.interval,
        poll_duration_seconds=health.poll_seconds if health.polls else None,
        series=health.series,
        error=health.error or None,
        error_reason=health.reason,
        has_no=has_no,
        withdrawn=withdrawn,
        notes=notes,
    )


def _push(health: PushHealth) -> PushStatus:
    return PushStatus(
        sink=health.name,
        target=health.target,
        up=health.up,
        last_success=health.last_success,
        next_push=health.next_push,
        rejected_points=health.rejected,
        dropped_points=health.dropped,
        pending_points=health.pending,
        every_seconds=health.interval,
        error=health.error or None,
        error_reason=health.reason,
    )
