"""The spec's `notify`: what may be said, and what is said about mistakes."""

from collections.abc import Callable

import pytest

from obs.spec.system import System

Complaints = Callable[..., list[str]]

SPEC = """\
version: 1
system: orders
notify:
  receivers:
    chat:
      slack: {api_url_file: /run/slack, channel: "#orders"}
    oncall:
      pagerduty: {routing_key_file: /run/pagerduty}
    people:
      email: {to: [a@b.example], from: obs@b.example, smarthost: "mail:587"}
    hook:
      webhook: {url: "http://hook:8080/", credentials_file: /run/token}
    topic:
      sns: {topic_arn: "arn:aws:sns:eu-west-1:123456789012:orders"}
  routes:
    critical: {to: [oncall, chat], repeat: 1h}
    warning: {to: [chat], quiet: [nights]}
    labelled:
      - {labels: {team: payments}, severity: [critical], to: [people]}
  quiet_hours:
    nights: {from: "20:00", until: "07:00", timezone: Europe/Berlin}
    weekends: {days: [saturday, sunday]}
  watchdog: {to: hook}
"""

MISTAKES = [
    (
        "[oncall, chat]",
        "[oncal, chat]",
        "16: notify.routes.critical.to[0]: no receiver 'oncal'; did you mean oncall?",
    ),
    (
        "to: [chat], quiet",
        "to: [nobody], quiet",
        "17: notify.routes.warning.to[0]: no receiver 'nobody'; choose from chat, hook, oncall, "
        "people, topic",
    ),
    (
        "quiet: [nights]",
        "quiet: [night]",
        "17: notify.routes.warning.quiet[0]: no quiet hours 'night'; did you mean nights?",
    ),
    (
        "to: [people]}",
        "to: [peple]}",
        "19: notify.routes.labelled[0].to[0]: no receiver 'peple'; did you mean people?",
    ),
    ("{to: hook}", "{to: hok}", "23: notify.watchdog.to: no receiver 'hok'; did you mean hook?"),
    (
        "    critical: {to: [oncall, chat], repeat: 1h}\n",
        "",
        "15: notify.routes.critical: is missing",
    ),
    (
        "/run/slack,",
        "/run/slack, api_url: x,",
        "6: notify.receivers.chat.slack.api_url: unknown field; did you mean api_url_file?",
    ),
    (
        'channel: "#orders"',
        "channel: '#or ders'",
        "6: notify.receivers.chat.slack.channel: '#or ders' does not fit; write a channel in "
        'quotes, for example "#oms-alerts"',
    ),
    (
        'slack: {api_url_file: /run/slack, channel: "#orders"}',
        "{}",
        "5: notify.receivers.chat: has no destination; add one of slack, pagerduty, email, "
        "webhook, sns",
    ),
    (
        'smarthost: "mail:587"',
        'smarthost: "mail:587", username: obs',
        "10: notify.receivers.people.email: username and password_file must be given together",
    ),
    (
        'url: "http://hook:8080/", ',
        "",
        "12: notify.receivers.hook.webhook: write either url or url_file",
    ),
    (
        '"http://hook:8080/"',
        '"http://me:secret@hook/"',
        "12: notify.receivers.hook.webhook.url: a URL must not contain a user or password; write "
        "for example http://host:8222",
    ),
    (
        "arn:aws:sns:eu-west-1:123456789012:orders",
        "orders",
        "14: notify.receivers.topic.sns.topic_arn: 'orders' does not fit; write a topic's ARN, for "
        "example arn:aws:sns:us-east-1:123456789012:oms-alerts",
    ),
    (
        "repeat: 1h",
        "repeat: 30d",
        "16: notify.routes.critical.repeat: 30d is out of range; write at most 5d",
    ),
    (
        "severity: [critical]",
        "severity: [criticl]",
        "19: notify.routes.labelled[0].severity[0]: 'criticl' is not one of the choices: critical, "
        "warning, info; did you mean critical?",
    ),
    (
        "Europe/Berlin",
        "Europe/Berlim",
        "21: notify.quiet_hours.nights.timezone: 'Europe/Berlim' is not a time zone; did you mean "
        "Europe/Berlin?",
    ),
    (
        'from: "20:00", ',
        "",
        "21: notify.quiet_hours.nights: from and until must be given together; "
        "for whole days omit both",
    ),
    (
        '"20:00"',
        '"25:00"',
        "21: notify.quiet_hours.nights.from: '25:00' does not fit; write a time of day in quotes, "
        'for example "19:00"',
    ),
    (
        "days: [saturday, sunday]",
        "timezone: UTC",
        "22: notify.quiet_hours.weekends: covers all hours of all days; write "
        "days, or from and until",
    ),
    (
        "days: [saturday, sunday]",
        "days: [saturday, sonday]",
        "22: notify.quiet_hours.weekends.days[1]: 'sonday' is not one of the choices: monday, "
        "tuesday, wednesday, thursday, friday, saturday, sunday; did you mean sunday?",
    ),
]


@pytest.mark.parametrize(("right", "mistake", "words"), MISTAKES)
def test_a_mistake_is_said_in_one_line_with_what_is_right(
    complaints: Complaints, right: str, mistake: str, words: str
) -> None:
    assert SPEC.count(right) == 1
    assert complaints(SPEC.replace(right, mistake)) == [f"a.yaml:{words}"]


def test_wrong_names_are_reported_even_where_the_rest_of_the_spec_is_invalid(
    complaints: Complaints,
) -> None:
    wrong = SPEC.replace("{to: hook}", "{to: hok}").replace("version: 1", "version: 2")
    assert complaints(wrong) == [
        "a.yaml:1: version: 2 is not one of the choices: 1",
        "a.yaml:23: notify.watchdog.to: no receiver 'hok'; did you mean hook?",
    ]


def test_a_secret_is_known_by_its_file_only(loaded: Callable[..., System]) -> None:
    notify = loaded(SPEC).notify
    assert notify is not None
    assert notify.receivers["chat"].slack is not None
    assert notify.receivers["chat"].slack.api_url_file.file == "/run/slack"


def test_an_environment_changes_what_it_names(loaded: Callable[..., System]) -> None:
    overlay = """\
environments:
  test:
    notify:
      receivers: {chat: {slack: {channel: "#test"}}}
      routes: {critical: {to: [chat]}}
      watchdog:
"""
    notify = loaded(SPEC + overlay, env="test").notify
    assert notify is not None
    assert notify.routes.critical.to == ("chat",)
    assert notify.routes.critical.repeat == 3600
    assert notify.watchdog is None
    assert notify.receivers["chat"].slack is not None
    assert notify.receivers["chat"].slack.channel == "#test"


def test_the_region_of_a_topic_is_in_its_arn(loaded: Callable[..., System]) -> None:
    notify = loaded(SPEC).notify
    assert notify is not None
    assert notify.receivers["topic"].sns is not None
    assert notify.receivers["topic"].sns.region == "eu-west-1"
