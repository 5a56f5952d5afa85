"""obs alerts test."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.parser import Parser
from obs.cli.terminal import say
from obs.errors import DONE, BadInput, ObsError

if TYPE_CHECKING:
    from obs.alerts.alert import Severity
    from obs.clients.alertmanager import AlertState
    from obs.spec.aws import AwsSource
    from obs.spec.notify import Sns
    from obs.spec.system import System


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs alerts`."""
    test = command(
        actions,
        "test",
        _test,
        summary="Send a test alert, to verify that alerts reach people.",
        examples=[
            "obs alerts test --spec collectors/oms.yaml --alertmanager http://localhost:9093",
            "obs alerts test --spec collectors/oms.yaml --receiver aws",
        ],
        found="no receiver of the Alertmanager gets the test alert",
        exit_codes=(0, 1, 2, 3),
    )
    spec_arguments(test)
    destination = test.add_mutually_exclusive_group(required=True)
    destination.add_argument(
        "--alertmanager",
        metavar="URL",
        help="Alertmanager to send it through; its routes choose the receivers",
    )
    destination.add_argument(
        "--receiver",
        metavar="NAME",
        help="receiver under `notify` whose SNS topic it is published to",
    )
    test.add_argument(
        "--severity",
        choices=("critical", "warning", "info"),
        default="critical",
        help="severity of the test alert, which selects its route (default: critical)",
    )


def _test(arguments: argparse.Namespace) -> int:
    from obs.alerts.alert import Severity

    system, severity = chosen_spec(arguments).system, Severity(arguments.severity)
    if arguments.alertmanager is not None:
        _through_alertmanager(arguments.alertmanager, system, severity)
    else:
        _to_topic(_topic(arguments.receiver, system), system, severity)
    return DONE


def _through_alertmanager(url: str, system: "System", severity: "Severity") -> None:
    import time

    from obs.alerts.routing import longest_wait
    from obs.alerts.test_notification import NAME, lasts, notification_alert
    from obs.clients.alertmanager import Alertmanager
    from obs.redaction.address import remember_address

    remember_address(url)
    if not url.startswith(("http://", "https://")):
        raise BadInput(f"--alertmanager {url}: write a URL, for example http://localhost:9093")
    seconds = lasts(longest_wait(system.notify) if system.notify else 0)
    alert = notification_alert(system, severity, time.time(), seconds)
    with closing(Alertmanager(url)) as alertmanager:
        if earlier := alertmanager.state(alert["labels"]):
            raise ObsError(
                f"{alertmanager.where}: an earlier {NAME} ({severity}) fires until {earlier.ends}; "
                "another one until then would be part of it, and no notification of its own"
            )
        alertmanager.send(alert)
        state = alertmanager.state_once_listed(alert["labels"])
        quiet = _quiet(system, alert["labels"], state.receivers)
        state = replace(state, held_back=(*state.held_back, *quiet))
        _require_notified(state, f"{alertmanager.where}: {NAME} ({severity}, test=true)")
    say(
        f"{alertmanager.where} accepted {NAME} ({severity}, test=true) for "
        f"{', '.join(state.receivers)}; it resolves in {seconds / 60:.0f} min."
    )
    say("Verify that these receivers got it.")


def _quiet(system: "System", labels: Mapping[str, str], receivers: Sequence[str]) -> Iterator[str]:
    """The receivers that quiet hours of the spec mute now, which Alertmanager does not say."""
    import time

    from obs.alerts.routing import reached

    notify = system.notify
    if notify is None:
        return
    for leg in reached(notify, labels):
        hours = [name for name in leg.quiet if notify.quiet_hours[name].cover(time.time())]
        if hours and any(name.endswith(leg.receiver) for name in receivers):
            yield f"muted for {leg.receiver} by the quiet hours {', '.join(hours)}"


def _require_notified(state: "AlertState", which: str) -> None:
    """Raises ObsError where Alertmanager notifies nobody of the alert."""
    from obs.alerts.routing import NO_RECEIVER

    if state.held_back:
        raise ObsError(f"{which} is not notified: {'; '.join(state.held_back)}")
    if all(name.endswith(NO_RECEIVER) for name in state.receivers):
        raise ObsError(
            f"{which} is not notified: its route leads to {', '.join(state.receivers)}, which "
            "notifies nobody"
        )


def _topic(name: str, system: "System") -> "Sns":
    from obs.spec.report import did_you_mean

    receivers = system.notify.receivers if system.notify else {}
    topics = {key: each.sns for key, each in receivers.items() if each.sns is not None}
    if name not in topics:
        known = f"choose from {', '.join(topics)}" if topics else "`notify` has none"
        hint = did_you_mean(name, topics) or f"; {known}"
        raise BadInput(f"--receiver {name}: no receiver of that name has an SNS topic{hint}")
    return topics[name]


def _to_topic(topic: "Sns", system: "System", severity: "Severity") -> None:
    import time

    from obs.alerts.test_notification import notification_message
    from obs.clients.aws import AwsClient

    subject, text = notification_message(system, severity, time.time())
    with closing(AwsClient(_account(topic, system), time.monotonic)) as client:
        message = client.publish(topic.topic_arn, subject, text)
    say(f"{topic.topic_arn} accepted the test alert ({severity}) as message {message}.")
    say("Verify that its subscribers got it.")


def _account(topic: "Sns", system: "System") -> "AwsSource":
    """The credentials of the spec's source in the topic's region, with the topic's role if any; of
    several accounts, the topic's own."""
    from obs.spec.aws import AwsSource

    number = topic.topic_arn.split(":")[4]
    sources = [one for one in system.sources.aws.values() if one.region == topic.region]
    own = [one for one in sources if one.role_account in (None, number)]
    own.sort(key=lambda one: one.role_account is None)
    account = next(iter(own or sources), AwsSource(region=topic.region))
    if topic.role_arn is None:
        return account
    others = {"external_id": None, "web_identity_token_file": None}
    return account.model_copy(update={"role_arn": topic.role_arn} | others)
