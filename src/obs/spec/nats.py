"""NATS clusters as sources."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from obs.spec.expected import ExpectedStream
from obs.spec.model import AssetName, Glob, HttpUrl, Model, Name, NatsUrl, wrong
from obs.spec.quantity import NotBoolean
from obs.spec.secret import InFile, InVariable
from obs.spec.source import Seconds, SourceSpec
from obs.spec.tls import Tls


class Selection(Model):
    """Names to take and to leave, as globs; what is excluded wins."""

    include: tuple[Glob, ...] = ("*",)
    """Globs of the names to take; all of them where left out."""
    exclude: tuple[Glob, ...] = ()
    """Globs of the names to leave out; they win over `include`."""


class NatsConnection(Model):
    """A NATS client connection, for what HTTP monitoring cannot see: dead letters, and when a
    message arrived, which makes lag in seconds exact. The user may subscribe to
    $JS.EVENT.ADVISORY.CONSUMER.> and, for exact lag, publish to $JS.API.STREAM.MSG.GET.* and
    subscribe to _INBOX.>; without the latter two lag stays an estimate.
    """

    servers: Annotated[tuple[NatsUrl, ...], Field(min_length=1)]
    """nats:// or tls:// addresses."""
    account: str = "$G"
    """The account's name as the monitoring port calls it; dead letters are counted under it."""
    user: str | None = None
    """The user to sign in as."""
    password_file: InFile | None = None
    """The file that holds the user's password."""
    password: InVariable | None = None
    """Only as ${VARIABLE}: a literal password is refused."""
    token_file: InFile | None = None
    """The file that holds the token."""
    token: InVariable | None = None
    """Only as ${VARIABLE}: a literal token is refused."""
    credentials_file: str | None = None
    """A .creds file with a user's JWT and seed."""
    tls: Tls | None = None
    """TLS towards the servers; tls:// addresses use the system's authorities without it."""
    advisory_stream: Name | None = None
    """A stream that captures $JS.EVENT.ADVISORY.>; read from it, dead letters survive the
    collector's own downtime."""

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "NatsConnection":
        for name in ("password", "token"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise wrong(f"given beside {name}; write one of the two", f"{name}_file")
        password, token = self.password or self.password_file, self.token or self.token_file
        if self.user and not password:
            raise wrong("a user needs its password; add password or password_file", "user")
        if password and not self.user:
            name = "password" if self.password else "password_file"
            raise wrong("a password needs its user; add user", name)
        ways = {"user": self.user, "token": token, "credentials_file": self.credentials_file}
        given = [way for way, value in ways.items() if value]
        if len(given) > 1:
            raise wrong(f"signs in with {' and '.join(given)}; keep one of them")
        return self


class Monitoring(Model):
    """Where a NATS cluster is polled."""

    monitor: Annotated[tuple[HttpUrl, ...], Field(min_length=1)]
    """Monitoring addresses, http://host:8222; one is enough with `discover`."""
    discover: bool = False
    """Find the cluster's other servers from the ones listed, on the same monitoring port."""


class NatsSource(SourceSpec, Monitoring):
    """A NATS cluster, polled through its monitoring ports."""

    # `Monitoring` is the last base so that its fields come first: pydantic reads bases backwards.
    words = "NATS"

    poll: Seconds = 15.0
    """How often the cluster is asked."""
    timeout: Seconds = 5.0
    """How long a server may take to answer."""
    status_window: Seconds = 300.0
    """The window over which a consumer's status is judged."""
    config_every: Seconds = 300.0
    """How often limits and settings are read; changes of them show at the latest after this."""
    streams: Selection = Selection()
    """The streams to watch."""
    consumers: Selection = Selection()
    """The consumers to watch, on the streams that are watched."""
    ephemeral: Literal["roll_up", "each"] = "roll_up"
    """Consumers without a durable name: one sum a stream, or a series each."""
    max_consumers: Annotated[int, Field(gt=0), NotBoolean] = 20_000
    """Cap of consumers with series of their own; those beyond it are counted."""
    expects: dict[AssetName, ExpectedStream] = {}
    """Streams that there have to be, with their limits and consumers: `obs check` compares."""
    tls: Tls | None = None
    """TLS towards the monitoring ports."""
    connection: NatsConnection | None = None
    """A client connection for dead letters, which are not known without one, and exact lag."""

    @property
    def where(self) -> str:
        """The monitoring addresses."""
        return ", ".join(self.monitor)
