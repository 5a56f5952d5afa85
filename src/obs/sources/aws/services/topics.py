"""SNS topics."""

from typing import Final

from obs.catalogue import aws_topics
from obs.sources.aws.services.kind import Listing, ServiceKind

_COLONS: Final = 5  # before the name of a topic in its ARN


class Topics(ServiceKind):
    """Topics by name, FIFO topics too."""

    key = "topic"
    metrics = aws_topics.METRICS
    tag_type = "sns"
    tags = aws_topics.TAGS
    asked_by = "topics or targets"
    listing = Listing("sns", "ListTopics", "Topics", "TopicArn")

    def targeted(self, target_arn: str) -> str | None:
        """arn:aws:sns:REGION:ACCOUNT:NAME."""
        parts = target_arn.split(":", _COLONS)
        return parts[_COLONS] if len(parts) > _COLONS and parts[2] == "sns" else None


KIND: Final = Topics()
