"""Alertmanager's configuration: routes, receivers, inhibition and quiet hours, from 0.25 on.

Nothing secret is in it: Alertmanager reads the files that it names.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.routing import NO_RECEIVER, Inhibition, Leg, inhibitions, legs, of_system
from obs.alerts.writers.templates import address, go_text
from obs.catalogue.query import Matcher
from obs.spec.clocks import DAYS, Day
from obs.spec.notify import Email, Notify, QuietHours, Receiver, Sns, Webhook
from obs.spec.quantity import format_duration
from obs.spec.secret import FileSecret
from obs.spec.system import System

AlertmanagerConfig = dict[str, Any]

TITLE: Final = (
    "{{ $state := .CommonLabels.severity | toUpper }}"
    '{{ if eq .Status "resolved" }}{{ $state = "RESOLVED" }}{{ end }}'
    '{{ printf "%.90s" (printf "%s %s %s: %s" $state'
    " .CommonLabels.system .CommonLabels.environment .CommonLabels.alertname) }}"
    "{{ with .Alerts.Firing }}{{ if gt (len .) 1 }} ({{ len . }}){{ end }}{{ end }}"
)
"""The notification's title: severity, system, environment, alert and how many alerts are firing.

SNS accepts subjects of less than 100 characters.
"""

TEXT: Final = (
    "{{ with .CommonAnnotations.summary }}{{ . }}\n{{ end }}"
    "{{ range .Alerts }}"
    '{{ if eq .Status "resolved" }}resolved: {{ end }}{{ .Annotations.description }}\n'
    "{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}\n{{ end }}{{ end }}"
    "{{ with .CommonAnnotations.runbook_url }}Runbook: {{ . }}\n{{ end }}"
)
"""The notification's text: summary, each alert's description and dashboard, the runbook."""

_COLOUR: Final = (
    '{{ if eq .Status "resolved" }}good'
    '{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}'
)
_PAGERDUTY_SEVERITY: Final = "{{ with .CommonLabels.severity }}{{ . }}{{ else }}error{{ end }}"


def configuration(
    alerts: Sequence[TunedAlert], system: System, notify: Notify
) -> AlertmanagerConfig:
    """The whole configuration. What is of no system of ours goes where warnings go first."""
    ways = legs(notify)
    fallback = notify.routes.warning.to[0]
    hours = sorted({name for leg in ways for name in leg.quiet})
    used = {fallback, *(leg.receiver for leg in ways)}
    document: AlertmanagerConfig = {
        "route": {
            "receiver": fallback,
            "group_by": list(dict.fromkeys(notify.group_by)),
            "routes": [
                {
                    "matchers": _matchers(of_system(system)),
                    "receiver": fallback,
                    "routes": [_route(leg) for leg in ways],
                }
            ],
        },
        "inhibit_rules": [_inhibit_rule(rule) for rule in inhibitions(alerts, system)],
    }
    if hours:
        document["time_intervals"] = [interval(name, notify.quiet_hours[name]) for name in hours]
    document["receivers"] = [
        {"name": name, **(receiver_configs(notify.receivers[name]) if name != NO_RECEIVER else {})}
        for name in sorted(used)
    ]
    return document


def fragment(alerts: Sequence[TunedAlert], system: System, notify: Notify) -> AlertmanagerConfig:
    """What is added to the configuration of an Alertmanager that others use as well.

    Its names are distinct from theirs, and its one route takes the alerts of the system only. The
    route has to be the first: one that takes everything may follow.
    """
    whole = configuration(alerts, system, notify)

    def own(name: str) -> str:
        return f"obs-{system.full_name}-{name}"

    (route,) = whole["route"]["routes"]
    hours = [{**each, "name": own(each["name"])} for each in whole.get("time_intervals", ())]
    return {
        "route": {"routes": [_renamed({"group_by": whole["route"]["group_by"], **route}, own)]},
        "inhibit_rules": whole["inhibit_rules"],
        **({"time_intervals": hours} if hours else {}),
        "receivers": [{**each, "name": own(each["name"])} for each in whole["receivers"]],
    }


def _renamed(route: AlertmanagerConfig, own: Callable[[str], str]) -> AlertmanagerConfig:
    """A route with the names of its receivers and quiet hours changed, and those below."""
    changed: AlertmanagerConfig = {"receiver": own(route["receiver"])}
    if "mute_time_intervals" in route:
        changed["mute_time_intervals"] = [own(name) for name in route["mute_time_intervals"]]
    if "routes" in route:
        changed["routes"] = [_renamed(below, own) for below in route["routes"]]
    return {**route, **changed}


def receiver_configs(receiver: Receiver) -> AlertmanagerConfig:
    """A receiver's integrations; each tells what is over as well."""
    configs: AlertmanagerConfig = {}
    if receiver.slack is not None:
        configs["slack_configs"] = [
            {
                "api_url_file": receiver.slack.api_url_file.file,
                "channel": go_text(receiver.slack.channel),
                "send_resolved": True,
                "color": _COLOUR,
                "title": TITLE,
                "title_link": "{{ .CommonAnnotations.runbook_url }}",
                "fallback": TITLE,
                "text": TEXT,
            }
        ]
    if receiver.pagerduty is not None:
        configs["pagerduty_configs"] = [
            {
                "routing_key_file": receiver.pagerduty.routing_key_file.file,
                "send_resolved": True,
                "severity": _PAGERDUTY_SEVERITY,
                "description": TITLE,
                "details": {"alerts": TEXT},
            }
        ]
    if receiver.email is not None:
        configs["email_configs"] = [_email(receiver.email)]
    if receiver.webhook is not None:
        configs["webhook_configs"] = [_webhook(receiver.webhook)]
    if receiver.sns is not None:
        configs["sns_configs"] = [_sns(receiver.sns)]
    return configs


def _email(email: Email) -> AlertmanagerConfig:
    return {
        "to": go_text(", ".join(email.to)),
        "from": go_text(email.sender),
        "smarthost": email.smarthost,
        **({"auth_username": email.username} if email.username else {}),
        **_file("auth_password_file", email.password_file),
        "require_tls": email.require_tls,
        "send_resolved": True,
        "headers": {"Subject": TITLE},
        "html": "",
        "text": TEXT,
    }


def _webhook(webhook: Webhook) -> AlertmanagerConfig:
    token = _file("credentials_file", webhook.credentials_file)
    return {
        **({"url": address(webhook.url)} if webhook.url else {}),
        **_file("url_file", webhook.url_file),
        **({"http_config": {"authorization": token}} if token else {}),
        "send_resolved": True,
    }


def _sns(sns: Sns) -> AlertmanagerConfig:
    role = {"role_arn": sns.role_arn} if sns.role_arn else {}
    return {
        "topic_arn": sns.topic_arn,
        "sigv4": {"region": sns.region, **role},
        "send_resolved": True,
        "subject": TITLE,
        "message": TEXT,
    }


def _file(field: str, secret: FileSecret | None) -> dict[str, str]:
    return {field: secret.file} if secret is not None else {}


def _route(leg: Leg) -> AlertmanagerConfig:
    return {
        "matchers": _matchers(leg.matchers),
        "receiver": leg.receiver,
        **({"group_by": list(leg.group_by)} if leg.own_groups else {}),
        "group_wait": format_duration(leg.wait),
        "group_interval": format_duration(leg.interval),
        "repeat_interval": format_duration(leg.repeat),
        **({"mute_time_intervals": list(leg.quiet)} if leg.quiet else {}),
        **({"continue": True} if leg.more else {}),
    }


def _inhibit_rule(rule: Inhibition) -> AlertmanagerConfig:
    return {
        "source_matchers": _matchers(rule.source),
        "target_matchers": _matchers(rule.target),
        "equal": list(rule.same),
    }


def _matchers(matchers: Sequence[Matcher]) -> list[str]:
    return [f"{label}{operator}{_quoted(value)}" for label, operator, value in matchers]


def _quoted(text: str) -> str:
    """A text in double quotes; Alertmanager knows three escapes, PromQL has more."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def interval(name: str, hours: QuietHours) -> AlertmanagerConfig:
    """Quiet hours under their name."""
    place = {} if hours.timezone == "UTC" else {"location": hours.timezone}
    return {"name": name, "time_intervals": [{**part, **place} for part in _parts(hours)]}


def _parts(hours: QuietHours) -> Iterator[AlertmanagerConfig]:
    """Alertmanager's times never go past midnight: what does is two parts."""
    if hours.begin is None or hours.until is None:
        yield _on(hours.days)
    elif hours.begin < hours.until:
        yield {"times": [_times(hours.begin, hours.until)], **_on(hours.days)}
    else:
        yield {"times": [_times(hours.begin, "24:00")], **_on(hours.days)}
        if hours.until > "00:00":
            next_days = [DAYS[(DAYS.index(day) + 1) % len(DAYS)] for day in hours.days]
            yield {"times": [_times("00:00", hours.until)], **_on(next_days)}


def _times(start: str, end: str) -> AlertmanagerConfig:
    return {"start_time": start, "end_time": end}


def _on(days: Sequence[Day]) -> AlertmanagerConfig:
    if set(days) == set(DAYS):
        return {}
    return {"weekdays": [day for day in DAYS if day in days]}
