"""Notifications: receivers, routes by severity and quiet hours. Secrets are read from files."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, model_validator

from obs.spec.alerts import LabelName
from obs.spec.clocks import DAYS, ClockTime, Day, Zone
from obs.spec.model import HttpUrl, Matching, Model, Name, wrong
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.report import did_you_mean
from obs.spec.secret import InFile
from obs.spec.tree import Path

Severity = Literal["critical", "warning", "info"]

GROUP_BY: Final = ("system", "environment", "alertname")
"""Labels by which alerts are grouped unless the spec says otherwise."""

_MAIL: Final = r"^[^@\s,]+@[^@\s,]+$"
MailAddress = Annotated[str, Matching(_MAIL, "one mail address, for example oncall@example.com")]
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


class Slack(Model):
    """Messages to a Slack channel."""

    api_url_file: InFile
    """File on the Alertmanager host that contains the incoming webhook's URL."""
    channel: Annotated[
        str, Matching(r"^[#@]?[^\s#@]+$", 'a channel in quotes, for example "#oms-alerts"')
    ]
    """The channel, in quotes because # starts a YAML comment."""


class PagerDuty(Model):
    """Incidents in PagerDuty, through Events API v2."""

    routing_key_file: InFile
    """File on the Alertmanager host that contains the integration key."""


class Email(Model):
    """E-mail through an SMTP server."""

    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]
    """Recipients."""
    sender: MailAddress = Field(alias="from")
    """Sender address."""
    smarthost: Annotated[
        str, Matching(r"^[^\s:]+:[0-9]{1,5}$", "HOST:PORT, for example smtp.example.com:587")
    ]
    """SMTP server as HOST:PORT."""
    username: str | None = None
    """User at the SMTP server (default: no authentication)."""
    password_file: InFile | None = None
    """File on the Alertmanager host that contains the user's password."""
    require_tls: bool = True
    """Whether TLS is required."""

    @model_validator(mode="after")
    def _user_and_password(self) -> "Email":
        if (self.username is None) != (self.password_file is None):
            raise wrong("username and password_file must be given together")
        return self


class Webhook(Model):
    """Alertmanager's JSON to your HTTP endpoint."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    url: HttpUrl | None = None
    """The URL, if it is not secret."""
    url_file: InFile | None = None
    """File that contains a secret URL; requires Alertmanager 0.26."""
    credentials_file: InFile | None = None
    """File on the Alertmanager host that contains a bearer token."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Webhook":
        if (self.url is None) == (self.url_file is None):
            raise wrong("write either url or url_file")
        return self


class Sns(Model):
    """Messages to an Amazon SNS topic; CloudWatch alarms notify it as well."""

    topic_arn: TopicArn
    """ARN of the topic."""
    role_arn: RoleArn | None = None
    """Role to assume (default: the credentials of the Alertmanager host)."""

    @property
    def region(self) -> str:
        """The topic's region, from its ARN."""
        return self.topic_arn.split(":")[3]


class Receiver(Model):
    """Destinations of a notification: at least one, at most one of each kind."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    slack: Slack | None = None
    """A Slack channel."""
    pagerduty: PagerDuty | None = None
    """A PagerDuty service."""
    email: Email | None = None
    """E-mail recipients."""
    webhook: Webhook | None = None
    """Your HTTP endpoint."""
    sns: Sns | None = None
    """An SNS topic."""

    @model_validator(mode="after")
    def _at_least_one(self) -> "Receiver":
        kinds = type(self).model_fields
        if all(getattr(self, kind) is None for kind in kinds):
            raise wrong(f"has no destination; add one of {', '.join(kinds)}")
        return self


class Route(Model):
    """Receivers of alerts, and how often they are notified."""

    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Names of receivers; each receives every notification."""
    wait: Annotated[Duration, within("0s", "1d")] | None = None
    """Wait before the first notification of a group (default by severity: 15s, 1m, 5m)."""
    interval: Annotated[Duration, within("1s", "5d")] | None = None
    """Wait before a notification of changes in a group (default by severity: 5m, 15m, 1h)."""
    repeat: Annotated[Duration, within("1m", "5d")] | None = None
    """Interval at which an unchanged group is repeated (default by severity: 4h, 1d, 3d)."""
    quiet: tuple[Name, ...] = ()
    """Names of quiet hours; alerts that fire in them are notified afterwards if they still fire."""
    group_by: tuple[LabelName, ...] = ()
    """Labels by which the alerts of this route are grouped (default: those of `notify`)."""


class LabelRoute(Route):
    """A route for alerts that have all these labels."""

    labels: Annotated[dict[LabelName, str], Field(min_length=1)]
    """Labels of alerts, for example those added under `alerts`."""
    severity: Annotated[tuple[Severity, ...], Field(min_length=1)] = get_args(Severity)
    """Severities that take this route (default: all)."""


class Routes(Model):
    """Routes by severity."""

    critical: Route
    """Alerts that page."""
    warning: Route
    """Alerts that need attention during working hours."""
    info: Route | None = None
    """Alerts for information (default: no notification)."""
    labelled: tuple[LabelRoute, ...] = ()
    """Routes by labels, tried before those by severity; the first match takes the alert."""


class QuietHours(Model):
    """Recurring days or hours without notifications."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    """Days on which they begin."""
    begin: ClockTime | None = Field(default=None, alias="from")
    """Time of day at which they begin (default: the whole day)."""
    until: ClockTime | None = None
    """Time of day at which they end; on the next day if it is not later than `from`."""
    timezone: Zone = "UTC"
    """Time zone of the times, for example Europe/Berlin."""

    @model_validator(mode="after")
    def _some_time_is_left(self) -> "QuietHours":
        if (self.begin is None) != (self.until is None):
            raise wrong("from and until must be given together; for whole days omit both")
        if set(self.days) == set(DAYS) and self.begin == self.until:
            raise wrong("covers all hours of all days; write days, or from and until")
        return self

    def cover(self, at: float) -> bool:
        """Whether a moment (Unix seconds) is within them."""
        local = datetime.fromtimestamp(at, ZoneInfo(self.timezone))
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        if self.begin is None or self.until is None:
            return today in self.days
        clock = f"{local:%H:%M}"
        if self.begin < self.until:
            return today in self.days and self.begin <= clock < self.until
        evening = today in self.days and clock >= self.begin
        return evening or (yesterday in self.days and clock < self.until)


AlertName = Annotated[str, Field(min_length=1, max_length=128)]


class InhibitRule(Model):
    """While an alert of `source` fires, those of `target` are not notified."""

    source: Annotated[tuple[AlertName, ...], Field(min_length=1)]
    """Names of the alerts that tell the cause."""
    target: Annotated[tuple[AlertName, ...], Field(min_length=1)]
    """Names of the alerts that follow from it; those of a higher severity are notified anyway."""
    equal: tuple[LabelName, ...] = ()
    """Labels whose values both have in common, beside system and environment."""


class Watchdog(Model):
    """A dead man's switch: a service that notifies you when ObsWatchdog stops arriving."""

    to: Name
    """Receiver of the heartbeat."""
    every: Annotated[Duration, within("2m", "1d")] = 300.0
    """Interval of the heartbeat."""


class Notify(Model):
    """Notifications; the Alertmanager configuration is built from this."""

    receivers: Annotated[dict[Name, Receiver], Field(min_length=1)]
    """Receivers, by names that you choose."""
    routes: Routes
    """Which alerts go to which receivers."""
    quiet_hours: dict[Name, QuietHours] = {}
    """Quiet hours that routes may refer to, by names that you choose."""
    group_by: Annotated[tuple[LabelName, ...], Field(min_length=1)] = GROUP_BY
    """Labels by which alerts are grouped into one notification."""
    inhibit: tuple[InhibitRule, ...] = ()
    """More inhibition rules than those that obs has: causes of your own over their symptoms."""
    pages_per_week: Annotated[int, Field(ge=0, le=10_000), NotBoolean] | None = None
    """Pages a week that the people on call can bear; `obs alerts stats` counts them (default: no
    budget)."""
    watchdog: Watchdog | None = None
    """Receiver of a heartbeat that proves that alerts arrive (default: none)."""


def unknown_names(notify: Notify) -> Iterator[tuple[Path, str]]:
    """Path and message of each reference to a receiver or quiet hours that do not exist."""
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
    choices = f"choose from {', '.join(sorted(known))}" if known else "none are defined"
    return f"no {kind} {name!r}{did_you_mean(name, known) or f'; {choices}'}"
