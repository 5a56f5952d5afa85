"""Messages of SQS queues that are looked at and stay, and the tags of resources."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import SQS_REQUEST

BATCH: Final = 10
"""Messages that one request receives or shows again, at most."""


def look_at_messages(
    client: AwsClient, url: str, attributes: Sequence[str], hidden: int, every: float
) -> list[dict[str, Any]]:
    """Up to BATCH messages, hidden from other receivers for `hidden` seconds; 0 hides nothing.

    Their receive counts rise. `every`: the interval in seconds at which a queue is looked at.
    Raises SourceError.
    """
    answer = client.paid(
        "sqs",
        "ReceiveMessage",
        SQS_REQUEST,
        every,
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=hidden,
        WaitTimeSeconds=0,
        MessageAttributeNames=[*attributes],
        MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages[:BATCH]


def show_messages_again(client: AwsClient, url: str, receipts: Sequence[str], every: float) -> None:
    """End the time for which these messages are hidden. Raises SourceError."""
    for first in range(0, len(receipts), BATCH):
        entries = [
            {"Id": f"{number}", "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for number, receipt in enumerate(receipts[first : first + BATCH])
        ]
        client.paid(
            "sqs",
            "ChangeMessageVisibilityBatch",
            SQS_REQUEST,
            every,
            QueueUrl=url,
            Entries=entries,
        )


def tagged_resources(
    client: AwsClient, types: Sequence[str], tags: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """ARN and tags of each resource of these types that has all of `tags`; free of charge.

    Without `tags`, of each that has any tag. Raises SourceError.
    """
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    found = client.listed(
        "resourcegroupstaggingapi",
        "GetResources",
        "ResourceTagMappingList",
        ResourceTypeFilters=[*types],
        ResourcesPerPage=100,
        **({"TagFilters": filters} if filters else {}),
    )
    for resource in found:
        of_resource = resource.get("Tags", [])
        yield resource["ResourceARN"], {each["Key"]: each["Value"] for each in of_resource}
