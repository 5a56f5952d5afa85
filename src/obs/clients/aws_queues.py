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


def receive_messages(client: AwsClient, url: str, hidden: int, wait: int) -> list[dict[str, Any]]:
    """Up to BATCH messages with all that they say, hidden for `hidden` seconds; waits for the first
    up to `wait` seconds. Raises SourceError."""
    answer = client.paid(
        "sqs",
        "ReceiveMessage",
        SQS_REQUEST,
        0,
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=hidden,
        WaitTimeSeconds=wait,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages[:BATCH]


def delete_messages(client: AwsClient, url: str, receipts: Sequence[str]) -> list[int]:
    """Delete messages; the positions of those that are deleted. Raises SourceError."""
    deleted: list[int] = []
    for first in range(0, len(receipts), BATCH):
        batch = receipts[first : first + BATCH]
        entries = [
            {"Id": f"{number}", "ReceiptHandle": receipt} for number, receipt in enumerate(batch)
        ]
        answer = client.paid(
            "sqs", "DeleteMessageBatch", SQS_REQUEST, 0, QueueUrl=url, Entries=entries
        )
        done = {each.get("Id") for each in answer.get("Successful", [])}
        deleted += [first + number for number in range(len(batch)) if f"{number}" in done]
    return deleted


def show_messages_again(client: AwsClient, url: str, receipts: Sequence[str], every: float) -> None:
    """End the time for which these messages are hidden. Raises SourceError."""
    hide_messages(client, url, receipts, 0, every)


def hide_messages(
    client: AwsClient, url: str, receipts: Sequence[str], hidden: int, every: float
) -> None:
    """Hide messages that were received for `hidden` seconds from now. Raises SourceError."""
    for first in range(0, len(receipts), BATCH):
        entries = [
            {"Id": f"{number}", "ReceiptHandle": receipt, "VisibilityTimeout": hidden}
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
