"""A lease in the items of a DynamoDB table, written on the condition of their revision."""

import time
from typing import Final

from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.lease.store import Conflict, Stored
from obs.spec.ha import Lease

_LARGEST: Final = 256 << 10  # bytes; an item has 400 KB at most
_SELDOM: Final = 300.0  # a write costs a unit for each KB
_CONFLICT: Final = "ConditionalCheckFailedException"
_NAMES: Final = {"#revision": "revision"}


class DynamoDbStore:
    """A table with the partition key `name`. The revision of an item is a number that grows."""

    largest = _LARGEST
    seldom = _SELDOM

    def __init__(self, client: AwsClient, table: str) -> None:
        self._client = client
        self._table = table

    @property
    def where(self) -> str:
        """The table."""
        return f"DynamoDB table {self._table}"

    def read(self, key: str) -> Stored | None:
        """As of the last write that was accepted."""
        item = self._item(key)
        if item is None:
            return None
        try:
            return Stored(bytes(item["value"]["B"]), str(int(item["revision"]["N"])))
        except (KeyError, TypeError, ValueError):
            raise SourceError("decode", f"{self.where}: item {key} is no lease of obs") from None

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        """Only in place of this revision."""
        condition: dict[str, object] = {"ConditionExpression": "attribute_not_exists(#revision)"}
        if revision is not None:
            condition = {
                "ConditionExpression": "#revision = :revision",
                "ExpressionAttributeValues": {":revision": {"N": revision}},
            }
        written = str(int(revision or 0) + 1)
        try:
            self._put(key, value, written, ExpressionAttributeNames=_NAMES, **condition)
        except SourceError as error:
            if _CONFLICT in str(error):
                raise Conflict("unavailable", f"{self.where}: another one has written") from None
            raise
        return written

    def put(self, key: str, value: bytes) -> None:
        """Whatever the revision."""
        self._put(key, value, "0")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _item(self, key: str) -> dict[str, dict[str, bytes]] | None:
        answer = self._client.call(
            *("dynamodb", "GetItem"),
            TableName=self._table,
            Key={"name": {"S": key}},
            ConsistentRead=True,
        )
        item: dict[str, dict[str, bytes]] | None = answer.get("Item")
        return item or None

    def _put(self, key: str, value: bytes, revision: str, **condition: object) -> None:
        item = {"name": {"S": key}, "value": {"B": value}, "revision": {"N": revision}}
        self._client.call("dynamodb", "PutItem", TableName=self._table, Item=item, **condition)


def open_store(spec: Lease, limit: float) -> DynamoDbStore:
    """The table of the spec; sends nothing yet. `limit`: seconds of a request."""
    assert spec.dynamodb is not None
    assert spec.aws is not None
    client = AwsClient(spec.aws.model_copy(update={"timeout": limit}), time.monotonic)
    return DynamoDbStore(client, spec.dynamodb.table)
