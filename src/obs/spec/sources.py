"""The systems that the collector polls."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import Glob, Model, Name
from obs.spec.quantity import Duration

Seconds = Annotated[Duration, Field(gt=0)]


class Tls(Model):
    """TLS towards a system: the authority that signed it, and a client certificate."""

    ca_file: str | None = None
    """Certificates of the authorities to trust, PEM; the system's own where left out."""
    cert_file: str | None = None
    """Client certificate, PEM."""
    key_file: str | None = None
    """Key of the client certificate, PEM."""


class Selection(Model):
    """Names to take and to leave, as globs; what is excluded wins."""

    include: tuple[Glob, ...] = ("*",)
    exclude: tuple[Glob, ...] = ()


class NatsConnection(Model):
    """A NATS client connection, for what HTTP monitoring cannot see: dead letters."""

    servers: Annotated[tuple[str, ...], Field(min_length=1)]
    """nats:// or tls:// addresses."""
    account: str = "$G"
    """The account's name as the monitoring port calls it; dead letters are counted under it."""
    user: str | None = None
    password_file: str | None = None
    password: str | None = None
    """Only as ${VARIABLE}: a literal password is refused."""
    token_file: str | None = None
    token: str | None = None
    """Only as ${VARIABLE}: a literal token is refused."""
    credentials_file: str | None = None
    """A .creds file with a user's JWT and seed."""
    tls: Tls | None = None
    advisory_stream: Name | None = None
    """A stream that captures $JS.EVENT.ADVISORY.>; read from it, dead letters survive the
    collector's own downtime."""


class NatsSource(Model):
    """A NATS cluster, polled through its monitoring ports."""

    monitor: Annotated[tuple[str, ...], Field(min_length=1)]
    """Monitoring addresses, http://host:8222; one is enough with `discover`."""
    discover: bool = False
    """Find the cluster's other servers from the ones listed, on the same monitoring port."""
    poll: Seconds = 15.0
    timeout: Seconds = 5.0
    stale_after: Seconds | None = None
    """Age at which series are withdrawn; eight polls where left out, at least two minutes."""
    required: bool = True
    """Whether /readyz waits for this source."""
    status_window: Seconds = 300.0
    """The window over which a consumer's status is judged."""
    config_every: Seconds = 300.0
    """How often limits and settings are read; changes of them show at the latest after this."""
    streams: Selection = Selection()
    consumers: Selection = Selection()
    ephemeral: Literal["roll_up", "each"] = "roll_up"
    """Consumers without a durable name: one sum a stream, or a series each."""
    max_consumers: Annotated[int, Field(gt=0)] = 20_000
    """Cap of consumers with series of their own; those beyond it are counted."""
    tls: Tls | None = None
    connection: NatsConnection | None = None


class Bus(Model):
    """An event bus and the rules on it that matter."""

    name: Glob
    """A bus name or glob; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)


class AwsSource(Model):
    """EventBridge rules and their dead-letter queues in one account and region."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    profile: str | None = None
    role_arn: str | None = None
    """A role to assume."""
    endpoint_url: str | None = None
    """Another endpoint than AWS's own, for tests and emulators."""
    poll: Annotated[Duration, Field(ge=1)] = 60.0
    timeout: Seconds = 30.0
    stale_after: Seconds | None = None
    """Age at which series are withdrawn; eight polls where left out, at least two minutes."""
    required: bool = True
    """Whether /readyz waits for this source."""
    delay: Duration = 120.0
    """How late CloudWatch's minutes are complete."""
    inventory_every: Seconds = 300.0
    """How often rules and targets are listed."""
    buses: tuple[Bus, ...] = (Bus(name="*"),)
    queues: tuple[Glob, ...] = ()
    """Queues to watch besides the dead-letter queues of the rules' targets."""
    monthly_budget_dollars: Annotated[float, Field(gt=0)] | None = None
    """`obs collect` refuses to start where its estimate is above this."""


class Sources(Model):
    """Systems by kind, then by a name of your own, which becomes a label."""

    nats: dict[Name, NatsSource] = {}
    aws: dict[Name, AwsSource] = {}


def stale_after(source: NatsSource | AwsSource) -> float:
    """Seconds after which the source's last success no longer stands for the present."""
    return source.stale_after or max(8 * source.poll, 120.0)
