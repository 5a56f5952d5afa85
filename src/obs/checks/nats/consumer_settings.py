"""Settings of consumers that make them redeliver, wait, or stay although nobody uses them."""

from collections.abc import Iterator
from typing import Final

from obs.checks.advice import nats
from obs.checks.finding import CheckFinding, doubtful, right
from obs.checks.nats.backoff import edit_backoff
from obs.checks.nats.processing import ProcessingTimes
from obs.snapshot.assets import Consumer
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.jsz import server_seconds
from obs.spec.quantity import format_duration
from obs.spec.system import System

_LEAST_REDELIVERED: Final = 3
_MOST_REDELIVERED: Final = 0.1  # of the messages in flight
_THROTTLED: Final = 0.8  # of max_ack_pending
_UNUSED_AFTER: Final = 7 * 86_400.0  # seconds


def ack_waits(
    source: str, snapshot: NatsSnapshot, processing: ProcessingTimes
) -> Iterator[CheckFinding]:
    """No consumer redelivers what is still being processed.

    `processing` has the consumers whose processing time was measured; of all others, the
    redeliveries in flight tell.
    """
    wrongs = 0
    for consumer in snapshot.consumers:
        key = (consumer.account, consumer.stream, consumer.name)
        what = _redelivers(consumer, processing.get(key))
        if what:
            wrongs += 1
            yield doubtful(f"{consumer.stream}/{consumer.name}", what, *_longer_wait(consumer))
    if not wrongs:
        yield right(source, "no consumer redelivers a large share of what is in flight")


def judge_max_ack_pending(
    system: System, source: str, snapshot: NatsSnapshot
) -> Iterator[CheckFinding]:
    """No consumer waits for acknowledgements while messages are pending."""
    wrongs = 0
    for consumer in snapshot.consumers:
        limit = consumer.config.max_ack_pending
        if limit <= 0 or not consumer.pending or consumer.ack_pending < _THROTTLED * limit:
            continue
        wrongs += 1
        yield doubtful(
            f"{consumer.stream}/{consumer.name}",
            f"is held back by max_ack_pending: {consumer.ack_pending} of {limit} messages are in "
            f"flight, and {consumer.pending} are pending",
            nats(
                *("consumer", "edit", consumer.stream, consumer.name),
                *("--max-pending", str(2 * limit), "-f"),
            ),
            "or have its clients acknowledge sooner",
        )
    if not wrongs:
        yield right(source, "no consumer is held back by max_ack_pending")


def judge_unused(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each durable consumer is used."""
    keeping = {
        (each.account, each.name)
        for each in snapshot.streams
        if each.config.retention in ("interest", "workqueue")
    }
    wrongs = 0
    for consumer in snapshot.consumers:
        idle = _unused_for(consumer, snapshot.at)
        if idle is None:
            continue
        wrongs += 1
        keeps = (
            f", and its stream keeps {consumer.pending + consumer.ack_pending} messages for it"
            if (consumer.account, consumer.stream) in keeping
            else ""
        )
        seen = "has never delivered anything" if consumer.last_delivery is None else "is unused"
        yield doubtful(
            f"{consumer.stream}/{consumer.name}",
            f"{seen} for {format_duration(idle)}: no client asks for messages{keeps}",
            nats("consumer", "rm", consumer.stream, consumer.name, "-f"),
            "or let the server delete it: "
            + nats(
                *("consumer", "edit", consumer.stream, consumer.name),
                *("--inactive-threshold", "7d", "-f"),
            ),
        )
    if not wrongs:
        yield right(source, f"no consumer is unused for {format_duration(_UNUSED_AFTER)}")


def _redelivers(consumer: Consumer, processing: float | None) -> str:
    config, wait = consumer.config, consumer.config.first_wait
    if config.ack_policy == "none":
        return ""
    shown = format_duration(round(wait, 3))
    if processing is not None and processing > wait:
        took = format_duration(round(processing, 3))
        return f"processing takes up to {took}, longer than ack_wait ({shown}): messages come twice"
    # The server never stops counting messages that it gave up.
    redelivered = min(consumer.redelivered, consumer.ack_pending)
    least = max(_LEAST_REDELIVERED, _MOST_REDELIVERED * consumer.ack_pending)
    if redelivered < least:
        return ""
    return (
        f"{redelivered} of its {consumer.ack_pending} messages in flight are redelivered: "
        f"processing takes longer than ack_wait ({shown}), or fails"
    )


def _longer_wait(consumer: Consumer) -> tuple[str, ...]:
    """Commands that double the wait, or each step of it."""
    config, stream, name = consumer.config, consumer.stream, consumer.name
    if config.backoff:
        return edit_backoff(stream, name, [2 * step for step in config.backoff])
    longer = format_duration(2 * config.ack_wait)
    return (nats("consumer", "edit", stream, name, "--wait", longer, "-f"),)


def _unused_for(consumer: Consumer, now: float) -> float | None:
    """Seconds for which nobody has used it; None where somebody may, or it is paused."""
    if consumer.waiting or consumer.push_bound or consumer.paused or not consumer.leader:
        return None
    created = server_seconds(consumer.created)
    used = max(consumer.last_delivery or 0.0, created or 0.0)
    idle = now - used
    if not used or idle < _UNUSED_AFTER:
        return None
    return float(round(idle / 3_600) * 3_600)
