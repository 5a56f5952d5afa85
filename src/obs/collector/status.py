"""The status document, filled from what the collector knows."""

from collections.abc import Iterator

from obs import __version__
from obs.collector.collector import Collector
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.objectives import Objective
from obs.slo.evaluate import Evaluation
from obs.slo.tiers import Tier
from obs.slo.windows import window
from obs.sources.kinds import KINDS
from obs.web.status import (
    PushStatus,
    SloState,
    SloStatus,
    SourceStatus,
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
            generated_at=now,
            uptime_seconds=max(0.0, now - collector.started),
            slos=tuple(_slo(each, each in shown) for each in collector.objectives.all),
            lists=lists,
            sources=tuple(_source(health, now, collector) for health in collector.sources),
            pushes=tuple(_push(health) for health in collector.pushes),
            figures=figures,
        )
    )


def _slo(objective: Objective, fresh: bool) -> SloStatus:
    slo, evaluation = objective.slo, objective.evaluation if fresh else None
    state, urgent, reasons = _slo_state(objective, evaluation)
    by_label = {w.label: w for w in evaluation.windows} if evaluation else {}
    own = by_label.get("1h")
    return SloStatus(
        name=slo.name,
        service=slo.service,
        description=slo.description,
        sli=slo.sli.in_words(),
        objective_percent=slo.objective,
        window=window(slo.window).label,
        state=state,
        urgent=urgent,
        reasons=reasons,
        budget_remaining=evaluation.budget_remaining if evaluation else None,
        burn_rates={label: w.burn_rate for label, w in by_label.items()},
        error_ratios={label: w.error_ratio for label, w in by_label.items()},
        exhaustion_seconds=own.exhaustion_seconds if own else None,
        good=evaluation.good if evaluation else 0.0,
        total=evaluation.total if evaluation else 0.0,
        watermark=evaluation.watermark if evaluation else None,
    )


def _slo_state(
    objective: Objective, evaluation: Evaluation | None
) -> tuple[SloState, bool, tuple[str, ...]]:
    if evaluation is None or evaluation.budget_remaining is None:
        return "no_data", False, ()
    if evaluation.budget_remaining <= 0:
        return "exhausted", True, ("error budget exhausted",)
    burning = list(_burning(objective, evaluation))
    if not burning:
        return "ok", False, ()
    reasons = tuple(
        f"burn rate {rate:.3g} over {window(tier.long_seconds).label}" for tier, rate in burning
    )
    return "burning", any(tier.severity == "page" for tier, _ in burning), reasons


def _burning(objective: Objective, evaluation: Evaluation) -> Iterator[tuple[Tier, float]]:
    """The tiers that fire now, each with the burn rate of its long window."""
    burn = {w.seconds: w.burn_rate for w in evaluation.windows}
    for tier in objective.tiers:
        long, short = burn.get(tier.long_seconds), burn.get(tier.short_seconds)
        if long is None or short is None or min(long, short) <= tier.factor:
            continue
        good, total = objective.ledger.counts(tier.long_seconds, evaluation.watermark)
        if total - good >= tier.min_bad_events:
            yield tier, long


def _source(health: SourceHealth, now: float, collector: Collector) -> SourceStatus:
    tracker = collector.trackers.get(health.name)
    return SourceStatus(
        name=health.name,
        kind=health.kind,
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
        withdrawn=tuple(tracker.withdrawn()) if tracker else (),
    )


def _push(health: PushHealth) -> PushStatus:
    return PushStatus(
        sink=health.name,
        target=health.target,
        up=health.up,
        last_success=health.last_success,
        every_seconds=health.interval,
        error=health.error or None,
        error_reason=health.reason,
    )
