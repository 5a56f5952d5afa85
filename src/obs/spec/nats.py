"""NATS clusters as sources."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from obs.spec.expected import ExpectedStream
from obs.spec.globs import escaped
from obs.spec.http_login import HttpLogin
from obs.spec.label_keys import check_labels_apart
from obs.spec.model import AssetName, Glob, HttpUrl, Matching, Model, Name, wrong
from obs.spec.nats_login import NatsLogin
from obs.spec.quantity import NotBoolean
from obs.spec.shard import Portion
from obs.spec.source import Poll, Seconds, SourceSpec, Timeout
from obs.spec.tls import Tls
from obs.spec.tree import path_text
from obs.spec.watched import SpecName

AccountName = Annotated[str, Field(min_length=1, max_length=256)]
"""The name of a NATS account, as the monitoring port shows it."""

Prefix = Annotated[
    str,
    Matching(
        r"^[^\s.*>]+(\.[^\s.*>]+)*$", "the tokens before $JS.EVENT.ADVISORY, for example ORDERS"
    ),
]
"""What precedes the subject of imported advisories."""


Domain = Annotated[str, Matching(r"^[^\s.*>]+$", "the name of a JetStream domain, for example hub")]
"""The name of a JetStream domain."""

MetadataKey = Annotated[str, Field(min_length=1, max_length=256)]
"""A key of the metadata of a stream or a consumer."""

_TAKEN_LABELS: Final = ("nats", "account", "stream", "consumer")
"""Labels of the series of streams and consumers."""
SubjectFilter = Annotated[
    str,
    Field(min_length=1, max_length=256),
    Matching(
        r"^(>|([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?)$",
        "a subject, in which * is any token and a last > any rest, for example orders.eu.>",
    ),
]
"""A subject of NATS with wildcards."""

_MOST_FILTERS: Final = 64

# fmt: off
Group = Literal[
    "servers", "accounts", "routes", "gateways", "leafnodes", "connections", "raft", "services"
]
# fmt: on
"""What can be collected of a cluster beside streams and consumers."""


class ClientConnections(Model):
    """Connections of clients that have series, where `collect` has connections. Those of one name,
    which a client sets when it connects, are one series; those without a name are one as well."""

    accounts: Annotated[tuple[AccountName, ...], Field(min_length=1, max_length=64)]
    """The accounts, by name; one without JetStream in operator mode by its public key."""
    max_names: Annotated[int, Field(gt=0, le=100_000), NotBoolean] = 500
    """Maximum number of names with series in each account; the number of others is exported."""


Event = Literal["acks", "elections", "changes", "naks", "api"]
"""Events of an account that a connection can count."""


class Selection(Model):
    """Names to include and to exclude, as globs."""

    include: tuple[Glob, ...] = ("*",)
    """Globs of names to include (default: all)."""
    exclude: tuple[Glob, ...] = ()
    """Globs of names to exclude; they take precedence over `include`."""


HeaderName = Annotated[
    str,
    Field(max_length=128),
    Matching(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", "the name of a header, for example Error-Code"),
]
"""The name of a header of messages."""


class DeadLetterStream(Model):
    """A stream to which applications publish the messages that they give up."""

    stream: AssetName
    """Name of the stream."""
    cause_header: HeaderName | None = None
    """Header that says why (default: the first that is there of Dead-Letter-Cause,
    Dead-Letter-Reason, DLQ-Reason, Error-Code, Error-Type and X-Exception-Type)."""
    subject_header: HeaderName | None = None
    """Header with the subject that the message had (default: Dead-Letter-Subject,
    Original-Subject, X-Original-Subject or Nats-Subject)."""
    consumer_header: HeaderName | None = None
    """Header with the consumer that gave it up (default: Dead-Letter-Consumer, Consumer or
    X-Consumer)."""


class NatsConnection(NatsLogin):
    """A connection with an account's own rights. Where the source has monitoring addresses or a
    system account, it adds what these do not tell: dead letters, and the arrival times of messages,
    which make lag in seconds exact. Where it has neither, streams and consumers are read over it as
    well. It hears the dead letters of its own account; the system account hears none.
    `obs nats permissions` prints the rights that its user needs.
    """

    account: AccountName = "$G"
    """Name of the account on the monitoring port, or its id if several have that name; its series
    have this label, and dead letters are counted under it."""
    domain: Domain | None = None
    """Domain of the JetStream to read, for example that of a leaf node (default: the one of the
    server that is connected to)."""
    imports: dict[AccountName, Prefix] = {}
    """Other accounts whose $JS.EVENT.ADVISORY.> this account imports, each with the prefix of the
    local subject: {ORDERS: ORDERS} for an import to ORDERS.$JS.EVENT.ADVISORY.>. Their dead letters
    are heard as well."""
    advisory_stream: Name | None = None
    """A stream that captures $JS.EVENT.ADVISORY.>, with each prefix of `imports` too; with it, dead
    letters are also counted for periods in which the collector was down or not connected, and
    `obs dlq` lists and replays them."""
    dead_letters: DeadLetterStream | None = None
    """A stream of dead letters that applications publish, which `obs dlq` lists and replays."""
    count_subjects: dict[AssetName, Annotated[tuple[SubjectFilter, ...], Field(min_length=1)]] = {}
    """Streams of this account whose messages are counted by subject, each with its filters:
    {ORDERS: [orders.eu.>, orders.us.>]}. Each filter costs one request in config_every, and may
    match 100 000 subjects; a connection has at most 64 filters."""

    events: tuple[Event, ...] = ("acks", "elections", "changes")
    """What else is counted while connected. acks: how long processing takes, from consumers with
    sample_freq. elections: leaders elected and quorums lost. changes: streams and consumers
    created, updated and deleted. naks: messages refused with -NAK or +TERM, two more series for
    each consumer; api: requests to the JetStream API; both may be many messages a second."""

    @property
    def hears(self) -> tuple[str, ...]:
        """The accounts whose dead letters it hears: its own, and those it imports."""
        return (self.account, *self.imports)

    @property
    def api(self) -> str:
        """The subject prefix of the JetStream API."""
        return f"$JS.{self.domain}.API" if self.domain else "$JS.API"

    @model_validator(mode="after")
    def _accounts_are_told_apart(self) -> "NatsConnection":
        prefixes = list(self.imports.values())
        if self.account in self.imports:
            raise wrong(f"{self.account} is the connection's own account; remove it", "imports")
        if len(set(prefixes)) < len(prefixes):
            raise wrong("two accounts have the same prefix; give each its own", "imports")
        return self

    @model_validator(mode="after")
    def _counts_within_bounds(self) -> "NatsConnection":
        number = sum(map(len, self.count_subjects.values()))
        if number > _MOST_FILTERS:
            message = f"{number} filters; a connection has at most {_MOST_FILTERS}"
            raise wrong(message, "count_subjects")
        return self


class Monitoring(Model):
    """Monitoring addresses of a NATS cluster."""

    monitor: Annotated[tuple[HttpUrl, ...], Field(min_length=1)] | None = None
    """Monitoring URLs, for example http://host:8222; one suffices where the cluster's
    other servers can be discovered. Without any, `system` or `connection` is required."""
    discover: bool = True
    """Whether the cluster's other servers are discovered, on the same monitoring port. Where that
    is false, or the others cannot be reached, list all servers in `monitor`."""
    monitor_login: HttpLogin | None = None
    """Credentials for the URLs in `monitor`, where a proxy in front of them asks for some; servers
    that are discovered are not sent them."""


class NatsSource(SourceSpec, Monitoring):
    """A NATS cluster, polled through its monitoring ports, its system account, or, where there is
    neither, with the rights of accounts."""

    # `Monitoring` is the last base so that its fields come first: pydantic reads bases backwards.
    words = "NATS"
    has_shards = True

    poll: Poll = 15.0
    """Interval of the polls."""
    timeout: Timeout = 5.0
    """Timeout of a request."""
    status_window: Seconds = 300.0
    """Window over which a consumer's status is determined."""
    config_every: Seconds = 300.0
    """Interval at which limits and settings are read; changes appear within this time."""
    streams: Selection = Selection.default()
    """Streams to watch."""
    consumers: Selection = Selection.default()
    """Consumers to watch, on the watched streams."""
    collect: tuple[Group, ...] = ("servers", "accounts", "routes", "gateways", "leafnodes")
    """What is collected beside streams and consumers."""
    client_connections: ClientConnections | None = None
    """The accounts whose clients' connections are collected, required for connections in
    `collect`."""
    ephemeral: Literal["roll_up", "each"] = "roll_up"
    """Consumers without a durable name: one sum per stream, or a series each."""
    monitor_metadata: bool = True
    """Whether thresholds in the metadata of streams and consumers (io.nats.monitor.…) become
    metrics and alerts."""
    max_consumers: Annotated[int, Field(gt=0, le=1_000_000), NotBoolean] = 20_000
    """Maximum number of consumers with series; the number of others is exported."""
    metadata_labels: Annotated[tuple[MetadataKey, ...], Field(max_length=16)] = ()
    """Keys of metadata that become labels of nats_stream_metadata_info and
    nats_consumer_metadata_info, which streams and consumers have that have one of the keys. What
    is not a letter, a digit or _ becomes _ in the label."""
    max_accounts: Annotated[int, Field(gt=0, le=100_000), NotBoolean] = 200
    """Maximum number of accounts with series of their own; the number of others is exported."""
    expects: dict[AssetName, ExpectedStream] = {}
    """Streams that must exist, with limits and consumers that `obs check` compares."""
    tls: Tls | None = None
    """TLS settings for the monitoring URLs."""
    system: NatsLogin | None = None
    """Connection to the system account, which tells of every server of the cluster what monitoring
    ports tell; instead of `monitor`."""
    connection: NatsConnection | None = None
    """A client connection, required for dead letters and exact lag; without `monitor` and `system`,
    also for streams and consumers."""
    connections: tuple[NatsConnection, ...] = ()
    """Further connections, one for each other account."""

    @property
    def every_connection(self) -> tuple[NatsConnection, ...]:
        """All its connections; no two of them hear the same account."""
        return (*([self.connection] if self.connection else []), *self.connections)

    def of_share(self, share: Portion) -> "NatsSource":
        """Its streams of the shard; what is collected beside streams is shard 1's."""
        part = super().of_share(share)
        return part if share.is_first else part.model_copy(update={"collect": ()})

    @property
    def heard_accounts(self) -> tuple[str, ...]:
        """The accounts whose dead letters a connection hears."""
        return tuple(account for each in self.every_connection for account in each.hears)

    @model_validator(mode="after")
    def _each_account_is_heard_once(self) -> "NatsSource":
        for account, number in Counter(self.heard_accounts).items():
            if number > 1:
                message = f"several connections hear account {account}; name each account once"
                raise wrong(message, "connections")
        return self

    @model_validator(mode="after")
    def _is_reached(self) -> "NatsSource":
        if self.monitor and self.system:
            raise wrong("monitor is set as well; keep one of them", "system")
        if self.monitor_login and not self.monitor:
            raise wrong("there is no monitor to sign in at; add it", "monitor_login")
        for url in self.monitor or ():
            if self.monitor_login:
                self.monitor_login.check_encrypted(url, "monitor")
        if not self.monitor and not self.system and not self.every_connection:
            raise wrong(
                "nothing says how to reach NATS; add monitor (http://host:8222), or a connection, "
                "or system where there is no monitoring port"
            )
        return self

    @model_validator(mode="after")
    def _services_are_asked_over_a_connection(self) -> "NatsSource":
        if "services" in self.collect and not self.every_connection:
            raise wrong(
                "micro services are asked over a connection; add connection, or remove services",
                "collect",
            )
        return self

    @model_validator(mode="after")
    def _metadata_labels_are_told_apart(self) -> "NatsSource":
        check_labels_apart(self.metadata_labels, "metadata_labels", _TAKEN_LABELS)
        return self

    @model_validator(mode="after")
    def _can_be_collected(self) -> "NatsSource":
        if "connections" in self.collect and self.client_connections is None:
            raise wrong(
                "connections needs the accounts of the clients; write "
                "client_connections: {accounts: [NAME]}",
                "collect",
            )
        for group in {"connections", "raft"}.intersection(self.collect):
            if not self.monitor and not self.system:
                raise wrong(f"an account cannot tell {group}; add monitor or system", "collect")
        return self

    @property
    def where(self) -> str:
        """The addresses that are polled."""
        if self.monitor:
            return ", ".join(self.monitor)
        logins: tuple[NatsLogin, ...] = (self.system,) if self.system else self.every_connection
        return ", ".join(each.where for each in logins)

    def named(self) -> Iterator[SpecName]:
        """Streams and consumers, those that it expects among them."""
        for index, stream in enumerate(self.streams.include):
            yield SpecName("stream", stream, path=f"streams.include[{index}]")
        for index, consumer in enumerate(self.consumers.include):
            yield SpecName("consumer", consumer, "*", path=f"consumers.include[{index}]")
        for name, expected in self.expects.items():
            stream = escaped(name)
            yield SpecName("stream", stream, path=path_text(("expects", name)))
            for consumer in expected.consumers:
                at = path_text(("expects", name, "consumers", consumer))
                yield SpecName("consumer", escaped(consumer), stream, path=at)
