"""What CloudWatch has of S3 buckets whose request metrics are switched on.

A bucket without requests publishes nothing: its counts are of nothing, its latency is unknown.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched

_NAMESPACE: Final = "AWS/S3"
_BUCKET: Final = ("BucketName", "FilterId")


def _count(name: str, help: str, title: str) -> Watched:
    return watched(
        *(_NAMESPACE, name, _BUCKET, "Sum", "sparse", help, title),
        unit="Count",
        found_by="AllRequests",
    )


REQUESTS: Final = _count("AllRequests", "Requests to the bucket.", "Requests")
SERVER_ERRORS: Final = _count(
    "5xxErrors", "Requests that S3 answered with a status from 500 to 599.", "Server errors"
)
CLIENT_ERRORS: Final = _count(
    "4xxErrors", "Requests that S3 answered with a status from 400 to 499.", "Client errors"
)
FIRST_BYTE_P95: Final = watched(
    _NAMESPACE,
    "FirstByteLatency",
    _BUCKET,
    "p95",
    "level",
    "Time within which S3 began to answer 95 % of the requests, in the newest minute.",
    "Time to first byte, 95th percentile",
    unit="Milliseconds",
    found_by="AllRequests",
)

EVERY: Final = (REQUESTS, SERVER_ERRORS, CLIENT_ERRORS, FIRST_BYTE_P95)
BUCKET: Final = REQUESTS.metric.labels
