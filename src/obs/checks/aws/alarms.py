"""CloudWatch alarms: those that the spec builds exist as built, and reach subscribers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.tuning import alarmed
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.alerts.writers.cloudwatch.plan import ACCOUNT, Parameters, parameters
from obs.checks.advice import aws
from obs.checks.finding import CheckFinding, right, wrong
from obs.spec.system import System

APPLY: Final = "obs alerts apply --target cloudwatch"
_COMPARED: Final = (
    *("AlarmDescription", "AlarmRule", "Namespace", "MetricName", "Dimensions", "Statistic"),
    *("Period", "Unit", "Metrics", "ComparisonOperator", "Threshold", "EvaluationPeriods"),
    *("DatapointsToAlarm", "TreatMissingData", "AlarmActions", "OKActions"),
)
_UNORDERED: Final = {"AlarmActions", "OKActions"}
_MANAGED_KEY: Final = "alias/aws/sns"  # its policy does not let CloudWatch use it


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """The alarms of an account and region by name, as AWS describes them."""

    region: str
    account: str
    alarms: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic. `attributes` None: there is none of that ARN."""

    arn: str
    attributes: Mapping[str, str] | None


def built(system: System, source: str, account: str) -> list[Parameters]:
    """The alarms that the spec builds for an AWS source, with the account's number filled in."""
    region = system.sources.aws[source].region
    return [
        _filled(parameters(alarm, region), account)
        for alarm in alarms_of(alarmed(system), system, source).all
    ]


def topics_of(alarms: Sequence[Parameters]) -> list[str]:
    """The ARNs of the topics that alarms notify."""
    return sorted({arn for alarm in alarms for arn in alarm["AlarmActions"]})


def judge_built(wanted: Sequence[Parameters], facts: AlarmFacts) -> Iterator[CheckFinding]:
    """Each alarm that the spec builds exists as built, with its actions enabled."""
    for alarm in wanted:
        name = alarm["AlarmName"]
        live = facts.alarms.get(name)
        if live is None:
            yield wrong(name, "the spec builds this alarm, but it does not exist", APPLY)
            continue
        differing = [*_differences(alarm, live)]
        if differing:
            yield wrong(name, f"differs from the spec: {'; '.join(differing)}", APPLY)
        if not live.get("ActionsEnabled", True):
            yield wrong(
                name,
                "its actions are disabled: it notifies no one",
                aws("cloudwatch enable-alarm-actions", facts.region, alarm_names=name),
            )
        elif not differing:
            yield right(name, "matches the spec")


def judge_topics(topics: Sequence[Topic]) -> Iterator[CheckFinding]:
    """Each topic that alarms notify has a confirmed subscription."""
    for topic in topics:
        yield _judge_topic(topic)


def _judge_topic(topic: Topic) -> CheckFinding:
    region, name = topic.arn.split(":")[3], topic.arn.rpartition(":")[2]
    subscribe = aws(
        "sns subscribe",
        region,
        topic_arn=topic.arn,
        protocol="email",
        notification_endpoint="oncall@example.com",
    )
    if topic.attributes is None:
        create = aws("sns create-topic", region, name=name)
        return wrong(name, "alarms notify this topic, but it does not exist", create, subscribe)
    confirmed = int(topic.attributes.get("SubscriptionsConfirmed", 0))
    pending = int(topic.attributes.get("SubscriptionsPending", 0))
    if not confirmed and pending:
        unconfirmed = f"no confirmed subscription ({pending} pending)"
        return wrong(
            name, unconfirmed, "follow the link that SNS sent to the subscriber", subscribe
        )
    if not confirmed:
        return wrong(name, "no subscription: alarms reach no one", subscribe)
    if topic.attributes.get("KmsMasterKeyId") == _MANAGED_KEY:
        return wrong(
            name,
            "it is encrypted with the AWS managed key, whose policy does not let CloudWatch "
            "publish",
            aws(
                "sns set-topic-attributes",
                region,
                topic_arn=topic.arn,
                attribute_name="KmsMasterKeyId",
                attribute_value="",
            ),
            "or encrypt it with a customer managed key that permits cloudwatch.amazonaws.com",
        )
    waiting = f", pending: {pending}" if pending else ""
    return right(name, f"confirmed subscriptions: {confirmed}{waiting}")


def _differences(wanted: Parameters, live: Mapping[str, Any]) -> Iterator[str]:
    for field in _COMPARED:
        expected, found = _plain(field, wanted.get(field)), _plain(field, live.get(field))
        # The queries of a formula set statistic and period; the alarm's own do not count.
        if "Metrics" in wanted and field in ("Statistic", "Period"):
            continue
        if expected != found:
            yield _difference(field, found, expected)


def _difference(field: str, found: Any, expected: Any) -> str:
    if field in ("Metrics", "AlarmDescription"):
        return f"{field} differs"
    return f"{field} is {_shown(found)}, expected {_shown(expected)}"


def _shown(value: Any) -> str:
    if value in (None, (), []):
        return "not set"
    if isinstance(value, dict | list | tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(field: str, value: Any) -> Any:
    """A form in which equal settings are equal: order and defaults do not count."""
    if value in (None, "", []):
        return None
    if field == "Metrics":
        return sorted((_query(query) for query in value), key=str)
    if field == "Dimensions":
        return sorted(f"{pair['Name']}={pair['Value']}" for pair in value)
    if field in _UNORDERED:
        return sorted(value)
    return float(value) if isinstance(value, int) else value


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in query.items() if value is not None}
    found.setdefault("ReturnData", True)
    found.pop("Label", None)
    if "MetricStat" in found:
        stat = dict(found["MetricStat"])
        metric = dict(stat["Metric"])
        metric["Dimensions"] = _plain("Dimensions", metric.get("Dimensions"))
        found["MetricStat"] = {**stat, "Metric": metric, "Period": int(stat["Period"])}
    return found


def _filled(alarm: Parameters, account: str) -> Parameters:
    topics = ("AlarmActions", "OKActions")
    return {
        **alarm,
        **{name: [arn.replace(ACCOUNT, account) for arn in alarm[name]] for name in topics},
    }
