"""Whom alerts reach: receivers, routes by severity, quiet hours. Secrets stay in files."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from obs.spec.alerts import LabelName
from obs.spec.model import HttpUrl, Matching, Model, Name, wrong
from obs.spec.quantity import Duration
from obs.spec.report import did_you_mean
from obs.spec.secret import InFile
from obs.spec.tree import Path

Severity = Literal["critical", "warning", "info"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)

_MAIL: Final = r"^[^@\s,]+@[^@\s,]+$"
MailAddress = Annotated[str, Matching(_MAIL, "one mail address, for example oncall@example.com")]
ClockTime = Annotated[
    str,
    Matching(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", 'a time of day in quotes, for example "19:00"'),
]
TopicArn = Annotated[
    str,
    Matching(
        r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$",
        "a topic's ARN, for example arn:aws:sns:us-east-1:123456789012:oms-alerts",
    ),
]
RoleArn = Annotated[
    str,
    Matching(
        r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
        "a role's ARN, for example arn:aws:iam::123456789012:role/alerts",
    ),
]


def _check_zone(zone: str) -> str:
    zones = available_timezones()
    if zone in zones:
        return zone
    hint = did_you_mean(zone, zones) or "; write for example Europe/Berlin"
    raise wrong(f"{zone!r} is no time zone{hint}")


class Slack(Model):
    """Messages to a Slack channel."""

    api_url_file: InFile
    """File with the incoming webhook's address, on the machine of Alertmanager."""
    channel: Annotated[
        str, Matching(r"^[#@]?[^\s#@]+$", 'a channel in quotes, for example "#oms-alerts"')
    ]
    """The channel, in quotes, because # begins a comment."""


class PagerDuty(Model):
    """Incidents in PagerDuty, by its Events API v2."""

    routing_key_file: InFile
    """File with the integration key of the service, on the machine of Alertmanager."""


class Email(Model):
    """Mail through an SMTP server."""

    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]
    """Who gets it."""
    sender: MailAddress = Field(alias="from")
    """The address it comes from."""
    smarthost: Annotated[
        str, Matching(r"^[^\s:]+:[0-9]{1,5}$", "HOST:PORT, for example smtp.example.com:587")
    ]
    """The SMTP server."""
    username: str | None = None
    """User at the SMTP server; nobody signs in where left out."""
    password_file: InFile | None = None
    """File with that user's password, on the machine of Alertmanager."""
    require_tls: bool = True
    """Whether nothing is sent without TLS."""

    @model_validator(mode="after")
    def _user_and_password(self) -> "Email":
        if (self.username is None) != (self.password_file is None):
            raise wrong("username and password_file go together")
        return self


class Webhook(Model):
    """Alertmanager's JSON to an address of your own."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    url: HttpUrl | None = None
    """The address, where it is no secret."""
    url_file: InFile | None = None
    """File with the address, where it is one; needs Alertmanager 0.26."""
    credentials_file: InFile | None = None
    """File with a bearer token, on the machine of Alertmanager."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Webhook":
        if (self.url is None) == (self.url_file is None):
            raise wrong("needs either url or url_file")
        return self


class Sns(Model):
    """Messages to an Amazon SNS topic. The alarms of CloudWatch go there as well."""

    topic_arn: TopicArn
    """The topic; its region is in its ARN."""
    role_arn: RoleArn | None = None
    """A role to assume; the machine's own credentials where left out."""

    @property
    def region(self) -> str:
        """The topic's region."""
        return self.topic_arn.split(":")[3]


class Receiver(Model):
    """Where a notification goes; one of each kind at most, and at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    slack: Slack | None = None
    """A Slack channel."""
    pagerduty: PagerDuty | None = None
    """A PagerDuty service."""
    email: Email | None = None
    """Mail."""
    webhook: Webhook | None = None
    """An address of your own."""
    sns: Sns | None = None
    """An SNS topic."""

    @model_validator(mode="after")
    def _at_least_one(self) -> "Receiver":
        kinds = type(self).model_fields
        if all(getattr(self, kind) is None for kind in kinds):
            raise wrong(f"leads nowhere; write one of {', '.join(kinds)}")
        return self


class Route(Model):
    """To whom alerts go, and how often. Repeating beyond five days needs a longer retention."""

    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Names of receivers; each gets every notification."""
    wait: Annotated[Duration, Field(ge=0)] | None = None
    """How long the first alert of a group waits for others; by severity 15s, 1m, 5m."""
    interval: Annotated[Duration, Field(ge=1)] | None = None
    """How soon a group tells what is new about it; by severity 5m, 15m, 1h."""
    repeat: Annotated[Duration, Field(ge=60, le=432_000)] | None = None
    """How often a group that has not changed is told again; by severity 4h, 1d, 3d."""
    quiet: tuple[Name, ...] = ()
    """Names of quiet hours: what fires in them is told at their end, if it still fires."""


class LabelRoute(Route):
    """A route for the alerts that have all these labels."""

    labels: Annotated[dict[LabelName, str], Field(min_length=1)]
    """Labels of alerts, for example those that the spec's `alerts` add."""
    severity: Annotated[tuple[Severity, ...], Field(min_length=1)] = get_args(Severity)
    """Severities that go this way; all where left out."""


class Routes(Model):
    """To whom alerts of each severity go."""

    critical: Route
    """Wakes somebody."""
    warning: Route
    """For today."""
    info: Route | None = None
    """Good to know; told to nobody where left out."""
    labelled: tuple[LabelRoute, ...] = ()
    """Before those: alerts with certain labels. The first route that fits takes the alert."""


class QuietHours(Model):
    """Days, or hours of them; those that end before they begin last until the next morning."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    """The days on which they begin."""
    begin: ClockTime | None = Field(default=None, alias="from")
    """When they begin; the whole day where left out."""
    until: ClockTime | None = None
    """When they end, on the day after where that is not later."""
    timezone: Annotated[str, AfterValidator(_check_zone)] = "UTC"
    """Whose clock it is, for example Europe/Berlin."""

    @model_validator(mode="after")
    def _some_time_is_left(self) -> "QuietHours":
        if (self.begin is None) != (self.until is None):
            raise wrong("from and until go together; for whole days leave out both")
        if set(self.days) == set(DAYS) and self.begin == self.until:
            raise wrong("this is always, so nothing would ever be told; write days, or from, until")
        return self


class Watchdog(Model):
    """A dead man's switch: a service that calls you when ObsWatchdog no longer reaches it."""

    to: Name
    """The receiver that expects it."""
    every: Annotated[Duration, Field(ge=120)] = 300.0
    """How often it is told."""


class Notify(Model):
    """Whom alerts reach. Alertmanager's configuration is built from it."""

    receivers: Annotated[dict[Name, Receiver], Field(min_length=1)]
    """Where notifications can go, each under a name of your own."""
    routes: Routes
    """What goes where."""
    quiet_hours: dict[Name, QuietHours] = {}
    """Hours in which routes may be quiet, each under a name of your own."""
    group_by: Annotated[tuple[LabelName, ...], Field(min_length=1)] = (
        "system",
        "environment",
        "alertname",
    )
    """Labels whose alerts make one notification: all consumers that lag are told of at once."""
    watchdog: Watchdog | None = None
    """Who hears that alerts still arrive; nobody where left out."""


def unknown_names(notify: Notify) -> Iterator[tuple[Path, str]]:
    """Receivers and quiet hours that routes name and that there are not: where, and what."""
    routes: list[tuple[Path, Route]] = [
        (("notify", "routes", severity), route)
        for severity in get_args(Severity)
        if (route := getattr(notify.routes, severity)) is not None
    ]
    for index, labelled in enumerate(notify.routes.labelled):
        routes.append((("notify", "routes", "labelled", index), labelled))
    for at, route in routes:
        for index, name in enumerate(route.to):
            if name not in notify.receivers:
                yield (*at, "to", index), _unknown("receiver", name, notify.receivers)
        for index, name in enumerate(route.quiet):
            if name not in notify.quiet_hours:
                yield (*at, "quiet", index), _unknown("quiet hours", name, notify.quiet_hours)
    if notify.watchdog is not None and notify.watchdog.to not in notify.receivers:
        problem = _unknown("receiver", notify.watchdog.to, notify.receivers)
        yield ("notify", "watchdog", "to"), problem


def _unknown(kind: str, name: str, known: dict[str, Receiver] | dict[str, QuietHours]) -> str:
    there = f"there is {', '.join(sorted(known))}" if known else "there are none"
    return f"no {kind} {name!r}{did_you_mean(name, known) or f'; {there}'}"
