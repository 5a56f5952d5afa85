"""What checks read of an AWS source, without judging it. Everything raises SourceError."""

from typing import Any, cast

from obs.checks.aws.alarm_metrics import MetricFacts
from obs.checks.aws.alarms import AlarmFacts, Topic, built, topics_of
from obs.checks.aws.alarms_live import read_alarms, read_metrics, read_topics
from obs.checks.aws.eventbridge import EventBridgeFacts
from obs.checks.aws.eventbridge_live import read_eventbridge
from obs.checks.aws.permissions import RoleFacts
from obs.checks.aws.permissions_live import read_role
from obs.checks.aws.roles import parts, read_policy
from obs.checks.context import CheckContext
from obs.clients.aws import AwsClient


def eventbridge(context: CheckContext, name: str) -> EventBridgeFacts:
    """The rules of a source, their targets, and the queues of those."""

    def read() -> EventBridgeFacts:
        return read_eventbridge(_aws(context, name), context.system, name)

    return context.once("eventbridge", name, read)


def alarms(context: CheckContext, name: str) -> AlarmFacts:
    """The CloudWatch alarms of a source's account and region."""
    region = context.system.sources.aws[name].region
    return context.once("alarms", name, lambda: read_alarms(_aws(context, name), region))


def topics(context: CheckContext, name: str) -> list[Topic]:
    """The SNS topics that the alarms notify that the spec builds for a source."""

    def read() -> list[Topic]:
        wanted = built(context.system, name, alarms(context, name).account)
        return read_topics(_aws(context, name), topics_of(wanted))

    return context.once("topics", name, read)


def alarm_metrics(context: CheckContext, name: str) -> MetricFacts:
    """What the alarms of a source's account and region read."""

    def read() -> MetricFacts:
        return read_metrics(_aws(context, name), alarms(context, name))

    return context.once("alarm metrics", name, read)


def role(context: CheckContext, subject: str) -> RoleFacts:
    """What the role of a part of the system permits, or a document; see roles.subjects."""
    part, source, file = parts(subject)
    if file:
        return read_policy(file)
    arn = context.system.checks.roles.get(cast("Any", part))
    arn = arn or context.system.sources.aws[source].role_arn
    return context.once("role", subject, lambda: read_role(_aws(context, source), arn))


def _aws(context: CheckContext, name: str) -> AwsClient:
    return cast("AwsClient", context.client(name))
