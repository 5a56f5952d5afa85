"""The systems that the collector polls."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from obs.spec.expected import ExpectedStream
from obs.spec.model import AssetName, Glob, HttpUrl, Matching, Model, Name, NatsUrl, wrong
from obs.spec.quantity import Duration, NotBoolean, format_duration
from obs.spec.secret import InFile, InVariable

Seconds = Annotated[Duration, Field(gt=0)]


class Tls(Model):
    """TLS towards a system: the authority that signed it, and a client certificate."""

    ca_file: str | None = None
    """Certificates of the authorities to trust, PEM; the system's own where left out."""
    cert_file: str | None = None
    """Client certificate, PEM."""
    key_file: str | None = None
    """Key of the client certificate, PEM."""

    @model_validator(mode="after")
    def _certificate_and_key(self) -> "Tls":
        if self.cert_file and not self.key_file:
            raise wrong("a certificate needs its key; add key_file", "cert_file")
        if self.key_file and not self.cert_file:
            raise wrong("a key needs its certificate; add cert_file", "key_file")
        return self


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


class NatsSource(Model):
    """A NATS cluster, polled through its monitoring ports."""

    monitor: Annotated[tuple[HttpUrl, ...], Field(min_length=1)]
    """Monitoring addresses, http://host:8222; one is enough with `discover`."""
    discover: bool = False
    """Find the cluster's other servers from the ones listed, on the same monitoring port."""
    poll: Seconds = 15.0
    """How often the cluster is asked."""
    timeout: Seconds = 5.0
    """How long a server may take to answer."""
    stale_after: Seconds | None = None
    """Age at which series are withdrawn; eight polls where left out, at least two minutes."""
    required: bool = True
    """Whether /readyz waits for this source."""
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

    @model_validator(mode="after")
    def _not_stale_before_the_next_poll(self) -> "NatsSource":
        _check_stale_after(self)
        return self


class Bus(Model):
    """An event bus and the rules on it that matter."""

    name: Glob
    """A bus name or glob; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Rule names or globs; all rules of the bus where left out."""


class AwsSource(Model):
    """EventBridge rules and their dead-letter queues in one account and region."""

    region: Annotated[
        str, Matching(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, for example us-east-1")
    ]
    """The region, for example us-east-1."""
    profile: str | None = None
    """A profile of the AWS configuration files; AWS's usual order where left out."""
    role_arn: (
        Annotated[
            str,
            Matching(
                r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
                "a role's ARN, for example arn:aws:iam::123456789012:role/obs",
            ),
        ]
        | None
    ) = None
    """A role to assume."""
    endpoint_url: HttpUrl | None = None
    """Another endpoint than AWS's own, for tests and emulators."""
    poll: Annotated[Duration, Field(ge=1)] = 60.0
    """How often CloudWatch is asked; every metric of every poll costs money."""
    timeout: Seconds = 30.0
    """How long AWS may take to answer a request."""
    stale_after: Seconds | None = None
    """Age at which series are withdrawn; eight polls where left out, at least two minutes."""
    required: bool = True
    """Whether /readyz waits for this source."""
    delay: Duration = 120.0
    """How late CloudWatch's minutes are complete."""
    inventory_every: Seconds = 300.0
    """How often rules and targets are listed."""
    buses: tuple[Bus, ...] = (Bus(name="*"),)
    """The buses to watch; all of them where left out."""
    queues: tuple[Glob, ...] = ()
    """Queues to watch besides the dead-letter queues of the rules' targets."""
    monthly_budget_dollars: Annotated[float, Field(gt=0), NotBoolean] | None = None
    """`obs collect` refuses to start where its estimate is above this."""

    @model_validator(mode="after")
    def _not_stale_before_the_next_poll(self) -> "AwsSource":
        _check_stale_after(self)
        return self


class Sources(Model):
    """Systems by kind, then by a name of your own, which becomes a label."""

    nats: dict[Name, NatsSource] = {}
    """NATS clusters, each under a name of your own."""
    aws: dict[Name, AwsSource] = {}
    """AWS accounts and regions, each under a name of your own."""


def stale_after(source: NatsSource | AwsSource) -> float:
    """Seconds after which the source's last success no longer stands for the present."""
    return source.stale_after or max(8 * source.poll, 120.0)


def _check_stale_after(source: NatsSource | AwsSource) -> None:
    if source.stale_after is not None and source.stale_after < source.poll:
        poll, stale = format_duration(source.poll), format_duration(source.stale_after)
        raise wrong(
            f"{stale} is shorter than poll, {poll}: every value would go stale before the next; "
            "write several polls, or leave it out",
            "stale_after",
        )
