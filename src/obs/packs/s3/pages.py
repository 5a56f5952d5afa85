"""The page of buckets."""

from typing import Final

from obs.alerts.quantities import Rate, Value
from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.packs.s3 import metrics
from obs.packs.s3.metrics import BUCKET

_NONE: Final = "No such series; switch on the bucket's request metrics"

PAGE: Final = PackPage(
    "s3",
    "S3 buckets",
    "Does S3 answer requests to the buckets, and fast?",
    [("aws", metrics.REQUESTS.metric), ("bucket_name", metrics.REQUESTS.metric)],
    BUCKET,
    [
        Stat(
            "requests_now",
            "Requests",
            Rate(metrics.REQUESTS.metric, 300.0),
            "Requests to all buckets, per second.",
            "sum",
        ),
        Stat(
            "slowest_now",
            "Slowest first byte, 95th percentile",
            Value(metrics.FIRST_BYTE_P95.metric),
            "The slowest bucket.",
        ),
    ],
    [
        Row(
            "",
            [
                Lines("error_rate", "Server errors", none=_NONE),
                Lines("client_error_rate", "Client errors", none=_NONE),
                Lines("first_byte", "Time to first byte, 95th percentile", none=_NONE),
                Lines(
                    "requests", "Requests", [Line(Rate(metrics.REQUESTS.metric, 300.0))], none=_NONE
                ),
            ],
        )
    ],
)
