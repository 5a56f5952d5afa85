"""What AWS answers, through botocore's parsers and our checks around them.

botocore's session is stopped from sending: the answer comes from here instead.
"""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest.mock import patch

from botocore.awsrequest import AWSResponse

from obs.clients.aws_session import AwsSession
from obs.errors import SourceError
from obs.spec.aws import AwsSource

Call = tuple[str, str, dict[str, Any]]

_JSON: Final[tuple[Call, ...]] = (
    ("cloudwatch", "GetMetricData", {"StartTime": 0, "EndTime": 60, "MetricDataQueries": []}),
    ("cloudwatch", "DescribeAlarms", {}),
    ("sqs", "GetQueueAttributes", {"QueueUrl": "https://sqs/q", "AttributeNames": ["All"]}),
    ("sqs", "ListQueues", {}),
    ("events", "ListRules", {}),
    ("events", "ListTargetsByRule", {"Rule": "r"}),
)
_QUERY: Final[tuple[Call, ...]] = (
    ("sns", "GetTopicAttributes", {"TopicArn": "arn:aws:sns:us-east-1:0:t"}),
    ("sts", "GetCallerIdentity", {}),
    ("iam", "GetPolicyVersion", {"PolicyArn": "arn:aws:iam::0:policy/p", "VersionId": "v1"}),
)
_REST: Final[tuple[Call, ...]] = (
    ("s3", "ListBuckets", {}),
    ("pipes", "ListPipes", {}),
    ("lambda", "ListFunctions", {}),
    ("scheduler", "ListSchedules", {}),
)
_STATUS: Final = (200, 200, 400, 403)  # of 5xx botocore tries again, after a pause


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._body


@cache
def _session() -> AwsSession:
    return AwsSession(AwsSource(region="us-east-1"), lambda operation: None)


def _called(calls: tuple[Call, ...], data: bytes) -> object:
    """Of one of the calls, chosen by the first byte as the status is; read to its last member."""
    if not data:
        return None
    status, headers = _STATUS[data[0] >> 4 & 3], cast("Any", {"x-amzn-RequestId": "1"})

    def send(_: object, request: Any) -> AWSResponse:
        return AWSResponse(request.url, status, headers, _Raw(data[1:]))

    service, operation, parameters = calls[(data[0] & 15) % len(calls)]
    variables = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example-of-a-key"}
    with (
        patch("botocore.httpsession.URLLib3Session.send", send),
        patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None)),
        patch.dict("os.environ", variables),
    ):
        try:
            return repr(_session().call(service, operation, **parameters))
        except SourceError as error:
            assert error.__context__ is None, "it keeps the answer alive"  # noqa: PT017
            raise


def json_answers(data: bytes) -> object:
    """Services that answer in JSON."""
    return _called(_JSON, data)


def query_answers(data: bytes) -> object:
    """Services that answer in XML."""
    return _called(_QUERY, data)


def rest_answers(data: bytes) -> object:
    """Services whose answers are spread over headers and body."""
    return _called(_REST, data)
