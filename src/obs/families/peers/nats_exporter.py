"""The names of prometheus-nats-exporter with `-varz -jsz=all`.

Those of JetStream are tables, a row a metric. Those of /varz follow the exporter's rule (`varz`).
Like the exporter, every server has a series for each replica that it holds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, RowCache, Value
from obs.families.peers import varz
from obs.snapshot.peer_pages import Copied, PeerConsumer, PeerServer, PeerStream

CORE: Final = "gnatsd"
JETSTREAM: Final = "jetstream"
_WHOLE: Final = 2**53  # above it not every whole number is a float
Identity = Literal["url", "id", "name"]
"""What the label server_id is: `url` as by default, `id` as -use_internal_server_id has it, `name`
as -use_internal_server_name."""

SERVER: Final = ("server_id", "server_name", "cluster", "domain", "meta_leader", "is_meta_leader")
ACCOUNT: Final = (*SERVER, "account", "account_name", "account_id")
STREAM: Final = (
    *ACCOUNT,
    *("stream_name", "stream_leader", "is_stream_leader", "stream_raft_group"),
)
CONSUMER: Final = (
    *STREAM,
    *("consumer_name", "consumer_leader", "is_consumer_leader", "consumer_desc"),
)
SOURCE: Final = (*STREAM, "source_name", "source_api", "source_deliver")
MIRROR: Final = (*STREAM, "mirror_name", "mirror_api", "mirror_deliver")


class Row(NamedTuple):
    """One metric: the end of its name, its help, and its value of one object."""

    name: str
    help: str
    value: Callable[[Any], Value]


class Table(NamedTuple):
    """Metrics of one sort of object, which all have the same labels."""

    labels: tuple[str, ...]
    rows: tuple[Row, ...]


_COPY_ROWS: Final = (
    Row("lag", "Messages that the copy lacks.", lambda one: one.lag),
    Row(
        "active_duration_ns",
        "Nanoseconds since the copy last heard from its origin; below 0: never.",
        lambda one: one.active,
    ),
)


def _copies(what: str) -> tuple[Row, ...]:
    return tuple(Row(f"stream_{what}_{each.name}", each.help, each.value) for each in _COPY_ROWS)


TABLES: Final[Mapping[str, Table]] = {
    "server": Table(
        SERVER,
        (
            Row("server_jetstream_disabled", "1: JetStream is off.", lambda s: int(s.disabled)),
            Row("server_max_memory", "Bytes of memory allowed.", lambda s: s.config.max_memory),
            Row("server_max_storage", "Bytes of files allowed.", lambda s: s.config.max_storage),
            Row("server_total_streams", "Streams.", lambda s: s.streams),
            Row("server_total_consumers", "Consumers.", lambda s: s.consumers),
            Row("server_total_messages", "Messages stored.", lambda s: s.messages),
            Row("server_total_message_bytes", "Bytes stored.", lambda s: s.bytes),
        ),
    ),
    "account": Table(
        ACCOUNT,
        (
            Row("account_max_storage", "Bytes of files allowed.", lambda a: a.reserved_storage),
            Row("account_max_memory", "Bytes of memory allowed.", lambda a: a.reserved_memory),
            Row("account_storage_used", "Bytes of files used.", lambda a: a.storage),
            Row("account_memory_used", "Bytes of memory used.", lambda a: a.memory),
        ),
    ),
    "stream": Table(
        STREAM,
        (
            Row("stream_total_messages", "Messages stored.", lambda s: s.state.messages),
            Row("stream_total_bytes", "Bytes stored.", lambda s: s.state.bytes),
            Row("stream_first_seq", "First sequence.", lambda s: s.state.first_seq),
            Row("stream_last_seq", "Last sequence.", lambda s: s.state.last_seq),
            Row("stream_consumer_count", "Consumers.", lambda s: s.state.consumer_count),
            Row("stream_subject_count", "Subjects.", lambda s: s.state.num_subjects),
            Row(
                "stream_limit_bytes",
                "Bytes allowed; -1: no limit.",
                lambda s: s.config.max_bytes if s.config else None,
            ),
            Row(
                "stream_limit_messages",
                "Messages allowed; -1: no limit.",
                lambda s: s.config.max_msgs if s.config else None,
            ),
        ),
    ),
    "source": Table(SOURCE, _copies("source")),
    "mirror": Table(MIRROR, _copies("mirror")),
    "consumer": Table(
        CONSUMER,
        (
            Row(
                "consumer_delivered_consumer_seq",
                "Deliveries so far.",
                lambda c: c.delivered.consumer_seq,
            ),
            Row(
                "consumer_delivered_stream_seq",
                "Stream sequence delivered last.",
                lambda c: c.delivered.stream_seq,
            ),
            Row(
                "consumer_last_delivery_seconds",
                "Seconds since the last delivery.",
                lambda c: _since(c, c.delivered.last_active),
            ),
            Row(
                "consumer_last_ack_seconds",
                "Seconds since the last acknowledgement.",
                lambda c: _since(c, c.ack_floor.last_active),
            ),
            Row("consumer_num_ack_pending", "Acks pending.", lambda c: c.num_ack_pending),
            Row("consumer_num_redelivered", "Redelivered.", lambda c: c.num_redelivered),
            Row("consumer_num_waiting", "Pull requests waiting.", lambda c: c.num_waiting),
            Row("consumer_num_pending", "Messages pending.", lambda c: c.num_pending),
            Row(
                "consumer_ack_floor_stream_seq",
                "Stream sequence up to which all is acknowledged.",
                lambda c: c.ack_floor.stream_seq,
            ),
            Row(
                "consumer_ack_floor_consumer_seq",
                "Delivery up to which all is acknowledged.",
                lambda c: c.ack_floor.consumer_seq,
            ),
        ),
    ),
}
"""Of JetStream, by the sort of object."""

Labelled = tuple[tuple[str, ...], Any]


def families(
    servers: Sequence[PeerServer], cache: RowCache, *, prefix: str = "", identity: Identity = "url"
) -> Iterator[Family]:
    """All of them. `prefix` takes the place of gnatsd and jetstream, as with -prefix."""
    yield from _varz(servers, cache, prefix or CORE, identity)
    for what, objects in _objects(servers, identity).items():
        table = TABLES[what]
        rows = cache.rows(f"nats-exporter {what}", [labels for labels, _ in objects])
        for row in table.rows:
            metric = _metric(f"{prefix or JETSTREAM}_{row.name}", row.help, table.labels)
            yield Family(metric, rows, [_exact(row.value(one)) for _, one in objects])


def server_id(server: PeerServer, identity: Identity) -> str:
    """The label that says which server it is; of its URL no more than scheme, host and port."""
    if identity == "id":
        return str(server.varz.get("server_id", ""))
    if identity == "name":
        return server.name
    parts = urlsplit(server.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _varz(
    servers: Sequence[PeerServer], cache: RowCache, prefix: str, identity: Identity
) -> Iterator[Family]:
    found: dict[tuple[str, bool], list[tuple[tuple[str, ...], Value]]] = {}
    for server in servers:
        at = server_id(server, identity)
        for each in varz.told(server.varz):
            labels = (at,) if each.text is None else (at, each.text)
            found.setdefault((each.name, each.text is not None), []).append((labels, each.value))
    for (name, labelled), series in found.items():
        metric = _metric(
            f"{prefix}_varz_{name}",
            f"{name} of /varz.",
            ("server_id", "value") if labelled else ("server_id",),
        )
        rows = cache.rows(
            f"nats-exporter {name}" if labelled else f"nats-exporter {len(series)}",
            [labels for labels, _ in series],
        )
        yield Family(metric, rows, [_exact(value) for _, value in series])


def _objects(servers: Iterable[PeerServer], identity: Identity) -> Mapping[str, list[Labelled]]:
    """By the sort of object, each with its labels."""
    found: dict[str, list[Labelled]] = {what: [] for what in TABLES}
    for server in servers:
        jsz = server.jsz
        of_server = _server_labels(server, identity)
        found["server"].append((of_server, jsz))
        for account in jsz.account_details or ():
            of_account = (*of_server, account.name, account.name, account.id)
            found["account"].append((of_account, account))
            for stream in account.stream_detail or ():
                _add_stream(found, of_account, stream, server.name)
    return found


def _server_labels(server: PeerServer, identity: Identity) -> tuple[str, ...]:
    meta = server.jsz.meta_cluster
    return (
        server_id(server, identity),
        server.name,
        meta.name if meta else "",
        server.jsz.config.domain,
        meta.leader if meta else "",
        _truth(meta is None or meta.leader == server.name),
    )


def _add_stream(
    found: dict[str, list[Labelled]], of_account: tuple[str, ...], stream: PeerStream, server: str
) -> None:
    labels = (*of_account, stream.name, *_led(stream, server), stream.stream_raft_group)
    found["stream"].append((labels, stream))
    found["source"] += [((*labels, *_origin(each)), each) for each in stream.sources or ()]
    if stream.mirror is not None:
        found["mirror"].append(((*labels, *_origin(stream.mirror)), stream.mirror))
    for consumer in stream.consumer_detail or ():
        words = consumer.config.description if consumer.config else ""
        found["consumer"].append(
            ((*labels, consumer.name, *_led(consumer, server), words), consumer)
        )


def _led(one: PeerStream | PeerConsumer, server: str) -> tuple[str, str]:
    """Its leader, and whether that is this server; without a cluster there is no other."""
    if one.cluster is None:
        return "", "true"
    return one.cluster.leader, _truth(one.cluster.leader == server)


def _origin(copied: Copied) -> tuple[str, str, str]:
    at = copied.external
    return (copied.name, at.api, at.deliver) if at else (copied.name, "", "")


def _truth(holds: bool) -> str:
    return "true" if holds else "false"


def _since(consumer: PeerConsumer, moment: datetime | None) -> float | None:
    """Seconds by the server's clock; None where there was no such moment."""
    if consumer.ts is None or moment is None:
        return None
    return (consumer.ts - moment).total_seconds()


def _exact(value: Value) -> Value:
    """The number as the exporter has it, whose numbers are all 64-bit floats."""
    return float(value) if isinstance(value, int) and value > _WHOLE else value


def _metric(name: str, words: str, labels: tuple[str, ...]) -> Metric:
    return Metric(name, Kind.GAUGE, words, labels, foreign=True)
