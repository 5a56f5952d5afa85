"""NATS clusters as sources."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from obs.spec.expected import ExpectedStream
from obs.spec.globs import escaped
from obs.spec.model import AssetName, Glob, HttpUrl, Matching, Model, Name, wrong
from obs.spec.nats_login import NatsLogin
from obs.spec.quantity import NotBoolean
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


class Selection(Model):
    """Names to include and to exclude, as globs."""

    include: tuple[Glob, ...] = ("*",)
    """Globs of names to include (default: all)."""
    exclude: tuple[Glob, ...] = ()
    """Globs of names to exclude; they take precedence over `include`."""


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
    letters are also counted for periods in which the collector was down or not connected."""

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


class Monitoring(Model):
    """Monitoring addresses of a NATS cluster."""

    monitor: Annotated[tuple[HttpUrl, ...], Field(min_length=1)] | None = None
    """Monitoring URLs, for example http://host:8222; one suffices where the cluster's
    other servers can be discovered. Without any, `system` or `connection` is required."""
    discover: bool = True
    """Whether the cluster's other servers are discovered, on the same monitoring port. Where that
    is false, or the others cannot be reached, list all servers in `monitor`."""


class NatsSource(SourceSpec, Monitoring):
    """A NATS cluster, polled through its monitoring ports, its system account, or, where there is
    neither, with the rights of accounts."""

    # `Monitoring` is the last base so that its fields come first: pydantic reads bases backwards.
    words = "NATS"

    poll: Poll = 15.0
    """Interval of the polls."""
    timeout: Timeout = 5.0
    """Timeout of a request."""
    status_window: Seconds = 300.0
    """Window over which a consumer's status is determined."""
    config_every: Seconds = 300.0
    """Interval at which limits and settings are read; changes appear within this time."""
    streams: Selection = Selection()
    """Streams to watch."""
    consumers: Selection = Selection()
    """Consumers to watch, on the watched streams."""
    ephemeral: Literal["roll_up", "each"] = "roll_up"
    """Consumers without a durable name: one sum per stream, or a series each."""
    max_consumers: Annotated[int, Field(gt=0, le=1_000_000), NotBoolean] = 20_000
    """Maximum number of consumers with series; the number of others is exported."""
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
        if not self.monitor and not self.system and not self.every_connection:
            raise wrong(
                "nothing says how to reach NATS; add monitor (http://host:8222), or a connection, "
                "or system where there is no monitoring port"
            )
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
