"""The status document, filled from what the collector knows."""

from collections.abc import Iterator

from obs import __version__
from obs.collector.collector import Collector
from obs.collector.consumer_tracker import ConsumerTracker
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.objectives import Objective
from obs.collector.rule_counters import RuleCounters
from obs.collector.tracked_consumer import TrackedConsumer
from obs.slo.evaluate import Evaluation
from obs.slo.tiers import Tier
from obs.slo.windows import window
from obs.web.status import (
    ConsumerState,
    ConsumerStatus,
    PushStatus,
    QueueStatus,
    RuleStatus,
    SloState,
    SloStatus,
    SourceStatus,
    Status,
    StreamStatus,
)
from obs.web.verdict import complete

_STATES: tuple[ConsumerState, ...] = ("ok", "paused", "slow", "stalled", "stopped", "leaderless")
_FIVE_MINUTES = 300
_HOUR = 3600
_POINTS_OF_LAG = 2_000  # consumers at most for which the page draws the lag of the last polls


def build_status(collector: Collector) -> Status:
    """Everything at this moment. Withdrawn sources are told of, their objects are not."""
    now = collector.clock.wall()
    fresh = {h.name for h in collector.sources if h.is_fresh(collector.clock.monotonic())}
    watches = [watch for name, watch in collector.consumers.items() if name in fresh]
    rules = [counters for name, counters in collector.rules.items() if name in fresh]
    shown = set(collector.shown_objectives())
    return complete(
        Status(
            system=collector.system.system,
            environment=collector.system.environment,
            description=collector.system.description,
            version=__version__,
            generated_at=now,
            uptime_seconds=max(0.0, now - collector.started),
            slos=tuple(_slo(each, each in shown) for each in collector.objectives.all),
            consumers=tuple(status for watch in watches for status in _consumers(watch)),
            streams=tuple(status for watch in watches for status in _streams(watch)),
            rules=tuple(status for counters in rules for status in _rules(counters)),
            queues=tuple(status for counters in rules for status in _queues(counters)),
            sources=tuple(_source(health, now) for health in collector.sources),
            pushes=tuple(_push(health) for health in collector.pushes),
            aws_cost_dollars_per_month=_cost(collector),
        )
    )


def _cost(collector: Collector) -> float | None:
    if not collector.spending:
        return None
    return sum(client.dollars_per_month for client in collector.spending)


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


def _consumers(watch: ConsumerTracker) -> Iterator[ConsumerStatus]:
    lags = _lag_histories(watch)
    for watched in watch.present:
        consumer, verdict = watched.consumer, watched.verdict
        loose = verdict.uncertainty > watch.loose
        yield ConsumerStatus(
            nats=watch.source,
            account=consumer.account,
            stream=consumer.stream,
            consumer=consumer.name,
            status=_STATES[verdict.status],
            reasons=verdict.reasons,
            lag_messages=verdict.lag_messages,
            lag_seconds=verdict.lag_seconds,
            lag_uncertainty_seconds=verdict.uncertainty if loose else None,
            pending=consumer.pending,
            ack_pending=consumer.ack_pending,
            redelivered=consumer.redelivered,
            dead_letters=watch.dead_letters(watched),
            drain_seconds=verdict.drain_seconds,
            eviction_seconds=verdict.eviction_seconds,
            lag_history=lags.get(watched, ()),
        )


def _lag_histories(watch: ConsumerTracker) -> dict[TrackedConsumer, tuple[float | None, ...]]:
    """The lag of the last polls, oldest first; None where the consumer was not there."""
    if len(watch.present) > _POINTS_OF_LAG:
        return {}
    # Copied in one step: the next poll may add a column meanwhile.
    columns = [dict(zip(*column, strict=True)) for column in tuple(watch.lag_columns)]
    return {watched: tuple(column.get(watched) for column in columns) for watched in watch.present}


def _streams(watch: ConsumerTracker) -> Iterator[StreamStatus]:
    for stream in watch.snapshot.streams if watch.snapshot else ():
        yield StreamStatus(
            nats=watch.source,
            account=stream.account,
            stream=stream.name,
            messages=stream.messages,
            bytes=stream.bytes,
            consumers=stream.consumers,
            last_sequence=stream.last_seq,
            last_message=stream.last_time,
            max_age_seconds=stream.config.max_age,
            max_bytes=stream.config.max_bytes,
            leader=stream.leader,
            replicas_behind=stream.replicas_behind,
        )


def _rules(counters: RuleCounters) -> Iterator[RuleStatus]:
    snapshot = counters.snapshot
    if snapshot is None:
        return
    for rule in snapshot.rules:
        five, hour = snapshot.settled - _FIVE_MINUTES, snapshot.settled - _HOUR
        recent, longer = counters.events(rule, five), counters.events(rule, hour)
        yield RuleStatus(
            aws=counters.source,
            bus=rule.bus,
            rule=rule.name,
            failing=recent.failed > 0,
            invocations_5m=recent.invocations,
            failures_5m=recent.failed,
            error_ratio_5m=_ratio(recent.failed, recent.invocations),
            invocations_1h=longer.invocations,
            failures_1h=longer.failed,
            error_ratio_1h=_ratio(longer.failed, longer.invocations),
            last_failure=counters.last_failure(rule),
            dead_lettered_1h=longer.dead_lettered,
            dead_letter_failures_1h=longer.dead_letter_failures,
        )


def _queues(counters: RuleCounters) -> Iterator[QueueStatus]:
    snapshot = counters.snapshot
    if snapshot is None:
        return
    dead_letter = {target.dead_letter_queue for target in snapshot.targets}
    names = {arn.rpartition(":")[2] for arn in dead_letter if arn}
    for queue in snapshot.queues:
        yield QueueStatus(
            aws=counters.source,
            queue=queue.name,
            dead_letter=queue.name in names,
            visible=queue.visible,
            oldest_age_seconds=queue.oldest_age,
        )


def _source(health: SourceHealth, now: float) -> SourceStatus:
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


def _ratio(failed: float, invocations: float) -> float | None:
    """Share of failures; of failures whose invocations AWS has not yet told, all."""
    total = max(failed, invocations)
    return failed / total if total else None
