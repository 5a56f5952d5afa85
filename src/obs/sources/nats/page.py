"""NATS on the status page: consumers, streams and servers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from obs.sources.nats.server_status import ServerState, ServerStatus
from obs.sources.nats.status import ConsumerState, ConsumerStatus, StreamStatus
from obs.web.page.content import (
    ROWS,
    Ago,
    Cell,
    Column,
    Filter,
    KindOnPage,
    Piece,
    Section,
    Table,
    Tile,
    Tone,
    Trend,
    counted,
    fault,
    named,
    of_list,
    pill,
    rows_of,
    strong,
    sub,
    toned,
    why_empty,
    with_sub,
)
from obs.web.page.figures import duration, number, percent, plural, size
from obs.web.status import SourceStatus, Status

_FILTER_FROM: Final = 8  # consumers
_TONES: Final[dict[ConsumerState, Tone]] = {
    "ok": "good",
    "paused": "calm",
    "slow": "warn",
    "stalled": "bad",
    "stopped": "bad",
    "leaderless": "bad",
    "unknown": "none",
}
_REASONS: Final = {
    "no_puller": "no client is pulling",
    "push_unbound": "no subscriber is bound",
    "ack_pending_full": "max_ack_pending is reached",
    "message_retrying": "one message is being redelivered",
    "leader_unreachable": "the server of its leader was not reached",
}
_SERVERS: Final[dict[ServerState, tuple[Tone, str]]] = {
    "ok": ("good", "ok"),
    "unhealthy": ("bad", "unhealthy"),
    "unreachable": ("bad", "down"),
    "recovering": ("bad", "not ready"),
    "jetstream_off": ("bad", "JetStream off"),
    "incomplete": ("warn", "incomplete"),
    "not_polled": ("none", "not polled"),
}
_CONSUMERS: Final = (
    Column("Consumer", "wide"),
    Column("Status"),
    Column("Lag", "number", keep=True),
    Column("Lag time", "number"),
    Column("Trend"),
    Column("Drains in", "number"),
    Column("Evicts in", "number"),
    Column("Ack pending", "number"),
)
_STREAMS: Final = (
    Column("Stream", "wide"),
    Column("Messages", "number"),
    Column("Size", "number"),
    Column("Max age", "number"),
    Column("Last message", "number"),
    Column("Replicas"),
)
_SERVER: Final = (
    Column("Server", "wide"),
    Column("State"),
    Column("Version"),
    Column("Connections", "number"),
)


def on_page(status: Status, typed: Filter) -> KindOnPage:
    """Consumers, of which `typed` may choose, streams and servers."""
    consumers = rows_of(status, "consumers", ConsumerStatus)
    streams = rows_of(status, "streams", StreamStatus)
    servers = rows_of(status, "servers", ServerStatus)
    fine = sum(each.status in ("ok", "paused") for each in consumers)
    old = _from_before(_clusters(status))
    sections = [_consumers(status, consumers, typed)]
    if streams:
        about = Section("stream", "Streams", 30, note=old, half=True)
        sections.append(of_list(about, "Streams", _STREAMS, streams, _stream, noun="stream"))
    if servers:
        about = Section("server", "Servers", 50, note=old)
        sections.append(of_list(about, "Servers", _SERVER, servers, _server, noun="server"))
    return KindOnPage(sections, [Tile("consumer", "consumers healthy", fine, len(consumers))])


def _consumers(status: Status, consumers: Sequence[ConsumerStatus], typed: Filter) -> Section:
    sources = _clusters(status)
    section = Section(
        "consumer",
        "Consumers",
        10,
        note="; ".join(filter(None, (_note(consumers), _from_before(sources)))),
        filterable=bool(typed.typed) or len(consumers) >= _FILTER_FROM,
    )
    if not consumers:
        empty = why_empty("NATS", sources, "No consumers yet. They appear when a stream has one.")
        return replace(section, empty=empty)
    matching = [each for each in consumers if typed.matches(*_searched(each))]
    if not matching:
        return replace(section, empty="No consumer matches the filter.")
    dead_letters = any(each.dead_letters is not None for each in consumers)
    columns = (*_CONSUMERS, *([Column("Dead letters", "number")] if dead_letters else ()))
    several = len(sources) > 1
    rows = [_consumer(each, dead_letters, several) for each in matching[:ROWS]]
    rest = len(matching) - ROWS
    how = "Narrow the filter" if typed.words else "Filter"
    more = f"{plural(rest, 'more consumer')}. {how} to see them." if rest > 0 else ""
    return replace(section, table=Table("Consumers, worst first", columns, rows, more))


def _clusters(status: Status) -> Sequence[SourceStatus]:
    """Rows come from the monitoring ports; a connection (source/connection) only adds to them."""
    return [each for each in status.sources if each.kind == "nats" and "/" not in each.name]


def _from_before(sources: Sequence[SourceStatus]) -> str:
    """Of which sources the rows are those of an earlier poll, because the last one failed."""
    old = [(each.name, each.age_seconds) for each in sources if not each.up and each.series]
    return ", ".join(f"{name} as of {duration(age)} ago" for name, age in old if age is not None)


def _note(consumers: Sequence[ConsumerStatus]) -> str:
    lagging = sum(bool(each.lag_messages) for each in consumers)
    with_lag = number(lagging) if lagging else "none"
    return f"{number(len(consumers))} total, {with_lag} with lag" if consumers else ""


def _searched(row: ConsumerStatus) -> tuple[str, ...]:
    """What a filter's words are looked for in: also the reasons, as they are shown."""
    place = (row.nats, row.account, row.stream, row.consumer)
    return (*place, row.status, *row.reasons, *map(_reason, row.reasons))


def _consumer(row: ConsumerStatus, dead_letters: bool, several: bool) -> tuple[Cell, ...]:
    tone = _TONES[row.status]
    account = "" if row.account == "$G" else row.account
    place = " · ".join(filter(None, (row.nats if several else "", account, row.stream)))
    cells: tuple[Cell, ...] = (
        named(row.consumer, place),
        _state(row, tone),
        (strong(number(row.lag_messages)), sub(_pending(row))),
        _lag_time(row),
        _trend(row, tone),
        _drains(row),
        _evicts(row),
        number(row.ack_pending),
    )
    return (*cells, counted(row.dead_letters, "warn")) if dead_letters else cells


def _state(row: ConsumerStatus, tone: Tone) -> Sequence[Piece]:
    told = [each for each in row.reasons if each != row.status]  # paused, because it is paused
    reasons = "; ".join(map(_reason, told))
    pieces: list[Piece] = [pill(tone, row.status), sub(reasons)]
    if row.last_seen:
        pieces.append(Ago(row.last_seen, "", before="last seen"))
    return pieces


def _reason(name: str) -> str:
    return _REASONS.get(name, name.replace("_", " "))


def _pending(row: ConsumerStatus) -> str:
    return f"{number(row.pending)} pending" if row.pending and row.ack_pending else ""


def _lag_time(row: ConsumerStatus) -> Cell:
    uncertainty = row.lag_uncertainty_seconds
    shown = f"± {duration(uncertainty)}" if uncertainty else ""
    return with_sub(duration(row.lag_seconds), shown)


def _trend(row: ConsumerStatus, tone: Tone) -> Cell:
    if not any(row.lag_history):
        return "–"
    shown: Tone = "calm" if row.lag_messages and tone == "good" else tone
    label = f"lag in messages over the last polls, now {number(row.lag_messages)}"
    return Trend(row.lag_history, shown, label)


def _drains(row: ConsumerStatus) -> str:
    if not row.lag_messages:
        return "–"
    if row.drain_seconds is None:
        return "–" if row.status == "ok" else "not shrinking"
    return duration(row.drain_seconds)


def _evicts(row: ConsumerStatus) -> Cell:
    if row.eviction_seconds is None or not row.lag_messages:
        return "–"
    shown = duration(row.eviction_seconds)
    return toned("bad", f"⚠ {shown}") if row.at_risk else shown


def _stream(row: StreamStatus) -> tuple[Cell, ...]:
    place = row.nats if row.account == "$G" else f"{row.nats} · {row.account}"
    most = row.max_bytes
    of_limit = f"{percent(row.bytes / most)} of {size(most)}" if most else ""
    top = row.max_messages
    of_number = f"{percent(row.messages / top)} of {number(top)}" if top else ""
    replicas: Cell = "current"
    if not row.leader:
        replicas = toned("bad", "no leader")
    elif row.replicas_behind:
        replicas = toned("warn", f"{row.replicas_behind} behind")
    return (
        named(_called(row), place),
        with_sub(number(row.messages), of_number),
        with_sub(size(row.bytes), of_limit),
        "no limit" if row.max_age_seconds is None else duration(row.max_age_seconds),
        Ago(row.last_message, "empty"),
        replicas,
    )


def _called(row: StreamStatus) -> str:
    if row.kv_bucket is not None:
        return f"{row.kv_bucket} (KV bucket)"
    return row.stream if row.object_bucket is None else f"{row.object_bucket} (object bucket)"


def _server(row: ServerStatus) -> tuple[Cell, ...]:
    place = " · ".join(filter(None, (row.nats, row.server if row.name else "")))
    return (
        (*named(row.name or row.server, place), fault(row.text)),
        pill(*_SERVERS[row.state]),
        row.version or "–",
        number(row.connections),
    )
