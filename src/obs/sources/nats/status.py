"""JetStream in the status document: one row per consumer, one per stream."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal, get_args

import msgspec

from obs.snapshot.assets import Stream
from obs.sources.nats.absence import Missing
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.tracked_consumer import TrackedConsumer
from obs.web.status import Level, Problem, StatusRow

ConsumerState = Literal["ok", "paused", "slow", "stalled", "stopped", "leaderless", "unknown"]

_STATES: Final[tuple[ConsumerState, ...]] = get_args(ConsumerState)
_ORDER: Final[dict[ConsumerState, int]] = {
    "leaderless": 0,
    "stopped": 1,
    "stalled": 2,
    "unknown": 3,
    "slow": 4,
    "paused": 5,  # intended, so no worse than ok with the same lag
    "ok": 5,
}
_TEXT: Final[dict[ConsumerState, tuple[Level, str]]] = {
    "leaderless": ("critical", "has no leader"),
    "stopped": ("critical", "is stopped: no messages are delivered"),
    "stalled": ("critical", "is stalled: messages are delivered, but none is acknowledged"),
    "slow": ("warning", "is slow: its lag is not shrinking"),
}
_MISSING: Final[dict[Missing, str]] = {
    "unreachable": "its server does not respond",
    "recovering": "its server is not ready",
    "jetstream_off": "JetStream is off on its server",
    "incomplete": "its server does not list it",
    "restarted": "its server was restarted and no longer has it",
}
_MOST_ERRORS: Final = 5
_POINTS_OF_LAG: Final = 2_000  # with more consumers the page draws no lag of the last polls


class ConsumerStatus(StatusRow, frozen=True, kw_only=True, gc=False):
    """One JetStream consumer."""

    nats: str
    account: str
    stream: str
    consumer: str
    status: ConsumerState
    reasons: tuple[str, ...] = ()  # no_puller, push_unbound, paused, ack_pending_full, …
    missing: Missing | None = None  # why the last poll did not find it; null: it did
    last_seen: float | None = None  # when the numbers were found, if it is missing
    lag_messages: int | None  # null: unknown, as all numbers are
    lag_seconds: float | None  # null: not known yet
    lag_uncertainty_seconds: float | None = None  # null: within one poll
    pending: int | None
    ack_pending: int | None
    redelivered: int | None
    dead_letters: int | None = None  # null: no connection hears of them
    drain_seconds: float | None = None  # null: the lag does not shrink
    eviction_seconds: float | None = None  # null: nothing is unprocessed, or no max_age
    at_risk: bool = False  # max_age evicts before the consumer gets there
    lag_history: tuple[float | None, ...] = ()  # messages, evenly spaced, oldest first

    def problem(self) -> Problem | None:
        """The problem, if it does not work or is about to lose messages."""
        name = f"{self.stream}/{self.consumer}"
        if found := _TEXT.get(self.status):
            level, words = found
            return Problem(level, "consumer", name, f"{name} {words}")
        if loses_messages(self):
            text = f"{name}: unprocessed messages will soon be evicted by max_age"
            return Problem("critical", "consumer", name, text)
        return missing_problem("consumer", name, self.missing)

    def order(self) -> tuple[int, float, int, str, str]:
        """By state, then by lag."""
        return (
            _ORDER[self.status],
            -(self.lag_seconds or 0.0),
            -(self.lag_messages or 0),
            self.stream,
            self.consumer,
        )

    def completed(self) -> "ConsumerStatus":
        """With `at_risk` where it loses messages."""
        return msgspec.structs.replace(self, at_risk=True) if loses_messages(self) else self


class StreamStatus(StatusRow, frozen=True, kw_only=True, gc=False):
    """One JetStream stream."""

    nats: str
    account: str
    stream: str
    messages: int
    bytes: int
    consumers: int
    last_sequence: int
    last_message: float | None  # null: the stream is empty
    max_age_seconds: float | None = None  # null: no limit
    max_bytes: int | None = None  # null: no limit
    max_messages: int | None = None  # null: no limit
    discard_new: bool | None = None  # at a limit it refuses messages; null: not known yet
    leader: bool = True
    replicas_behind: int = 0
    missing: Missing | None = None  # why the last poll did not find it; null: it did
    kv_bucket: str | None = None  # the bucket that it holds, if it does
    object_bucket: str | None = None
    origin_errors: tuple[str, ...] = ()  # why its mirror or a source of it does not copy

    def problem(self) -> Problem | None:
        """That it is missing, does not copy or refuses messages, if so."""
        if self.missing is None and self.origin_errors:
            text = f"{self.stream} does not copy {self.origin_errors[0]}"
            return Problem("warning", "stream", self.stream, text)
        if self.missing is None and self.discard_new and self._is_full():
            text = f"{self.stream} is full: it refuses new messages"
            return Problem("warning", "stream", self.stream, text)
        return missing_problem("stream", self.stream, self.missing)

    def _is_full(self) -> bool:
        """Whether one more message of the usual size is beyond a limit."""
        if self.max_messages is not None and self.messages >= self.max_messages:
            return True
        usual = self.bytes / self.messages if self.messages else 0.0
        return self.max_bytes is not None and self.bytes + usual > self.max_bytes


def missing_problem(kind: str, name: str, why: Missing | None) -> Problem | None:
    """That something is missing, if it is: lost with a restart, or not known."""
    if why is None:
        return None
    level: Level = "critical" if why == "restarted" else "unknown"
    state = "is missing" if why == "restarted" else "is not reported"
    return Problem(level, kind, name, f"{name} {state}: {_MISSING[why]}")


class UnheardAccount(StatusRow, frozen=True, kw_only=True, gc=False):
    """An account whose dead letters no connection hears, though others are heard."""

    nats: str
    account: str
    consumers: int  # that give up messages

    def problem(self) -> Problem | None:
        """Dead letters may go unseen."""
        text = f"Account {self.account}: dead letters are unknown, because no connection hears it"
        return Problem("warning", "account", f"{self.nats}/{self.account}", text)

    def order(self) -> tuple[str, str]:
        """By name."""
        return self.nats, self.account


def loses_messages(consumer: ConsumerStatus) -> bool:
    """Whether max_age evicts messages before the consumer, at its current rate, processes them."""
    eviction, drain = consumer.eviction_seconds, consumer.drain_seconds
    if eviction is None or not consumer.lag_messages:
        return False
    age = consumer.lag_seconds or 0.0
    # Nothing is lost soon while most of max_age is left, however slowly the lag shrinks.
    return eviction < age and (drain is None or drain > eviction)


def consumer_rows(tracker: ConsumerTracker) -> Iterator[ConsumerStatus]:
    """A row for each consumer of the last poll, and for each whose last values are kept."""
    lags = _lag_histories(tracker)
    for tracked in tracker.present:
        consumer, verdict = tracked.consumer, tracked.verdict
        uncertain = verdict.uncertainty > tracker.tolerance
        yield ConsumerStatus(
            nats=tracker.source,
            account=consumer.account,
            stream=consumer.stream,
            consumer=consumer.name,
            status=_STATES[verdict.status],
            reasons=verdict.reasons,
            missing=tracked.missing,
            last_seen=tracked.seen_at if tracked.missing else None,
            lag_messages=verdict.lag_messages,
            lag_seconds=verdict.lag_seconds,
            lag_uncertainty_seconds=verdict.uncertainty if uncertain else None,
            pending=consumer.pending,
            ack_pending=consumer.ack_pending,
            redelivered=consumer.redelivered,
            dead_letters=tracker.heard.total(tracked.consumer),
            drain_seconds=verdict.drain_seconds,
            eviction_seconds=verdict.eviction_seconds,
            lag_history=lags.get(tracked, ()),
        )
    for tracked in tracker.absent.unknown:
        _, account, stream, name = tracked.row
        yield ConsumerStatus(
            nats=tracker.source,
            account=account,
            stream=stream,
            consumer=name,
            status="unknown",
            reasons=("leader_unreachable",),
            missing=tracked.missing,
            last_seen=tracked.seen_at if tracked.judged else None,
            lag_messages=None,
            lag_seconds=None,
            pending=None,
            ack_pending=None,
            redelivered=None,
        )


def _lag_histories(tracker: ConsumerTracker) -> dict[TrackedConsumer, tuple[float | None, ...]]:
    """The lag of the last polls, oldest first; None where the consumer did not exist."""
    if len(tracker.present) > _POINTS_OF_LAG:
        return {}
    # Copied in one step: the next poll may add a column meanwhile.
    columns = [dict(zip(*column, strict=True)) for column in tuple(tracker.lag_columns)]
    return {
        tracked: tuple(column.get(tracked) for column in columns) for tracked in tracker.present
    }


def stream_rows(tracker: ConsumerTracker) -> Iterator[StreamStatus]:
    """A row for each stream of the last poll."""
    for stream in tracker.streams:
        bucket = stream.config.traits.bucket if stream.config.traits else None
        yield StreamStatus(
            nats=tracker.source,
            account=stream.account,
            stream=stream.name,
            messages=stream.messages,
            bytes=stream.bytes,
            consumers=stream.consumers,
            last_sequence=stream.last_seq,
            last_message=stream.last_time,
            max_age_seconds=stream.config.max_age,
            max_bytes=stream.config.max_bytes,
            max_messages=stream.config.max_messages,
            discard_new=stream.config.discard_new,
            leader=stream.leader or stream.leader_unreachable,
            missing=tracker.missing_streams.get((stream.account, stream.name)),
            replicas_behind=stream.replicas_behind,
            kv_bucket=bucket.name if bucket and bucket.kind == "kv" else None,
            object_bucket=bucket.name if bucket and bucket.kind == "objects" else None,
            origin_errors=tuple(_origin_errors(stream)),
        )


def _origin_errors(stream: Stream) -> Iterator[str]:
    """The first ones; each with its origin."""
    origins = (stream.mirror,) if stream.mirror else stream.sources
    failing = (each for each in origins if each.error)
    return (f"{each.name}: {each.error}" for each in islice(failing, _MOST_ERRORS))


def unheard_rows(tracker: ConsumerTracker) -> Iterator[UnheardAccount]:
    """One row for each account whose dead letters no connection hears."""
    unheard = tracker.heard.unheard(tracked.consumer for tracked in tracker.present)
    for account, consumers in unheard.items():
        yield UnheardAccount(nats=tracker.source, account=account, consumers=consumers)
