"""Alerts on buckets."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, ErrorRate
from obs.packs.s3 import metrics
from obs.packs.s3.metrics import BUCKET

_BUCKET: Final = About("bucket_name", BUCKET)
_KEPT: Final = 30 * MINUTE

ALERTS: Final = (
    Alert(
        "S3ErrorRateHigh",
        Severity.CRITICAL,
        _BUCKET,
        ErrorRate(metrics.SERVER_ERRORS.metric, metrics.REQUESTS.metric, 5, 15 * MINUTE, 20),
        0,
        "S3 answers requests to a bucket with server errors.",
        "{value} of the requests to bucket {bucket_name} were answered with 5xx in the last "
        "{window} (threshold {threshold}).",
        "SDKs try a 503 again, so single ones do no harm. More than one in twenty over a quarter "
        "of an hour are more than retries hide: the requests to one prefix are too many, or S3 "
        "has trouble.",
        "s3/error_rate",
        _KEPT,
    ),
    Alert(
        "S3ClientErrorRateHigh",
        Severity.WARNING,
        _BUCKET,
        ErrorRate(metrics.CLIENT_ERRORS.metric, metrics.REQUESTS.metric, 25, 15 * MINUTE, 100),
        0,
        "S3 refuses many requests to a bucket.",
        "{value} of the requests to bucket {bucket_name} were answered with 4xx in the last "
        "{window} (threshold {threshold}).",
        "Some clients ask for what may not be there, and 404 is their answer. One request in four "
        "is usually a policy, a role or a key that no longer allows access.",
        "s3/client_error_rate",
        _KEPT,
    ),
    Alert(
        "S3FirstByteSlow",
        Severity.WARNING,
        _BUCKET,
        Above(metrics.FIRST_BYTE_P95.metric, 1, "seconds"),
        15 * MINUTE,
        "S3 is slow to answer requests to a bucket.",
        "One request in twenty to bucket {bucket_name} waits longer than {value} for its first "
        "byte (threshold {threshold}).",
        "S3 usually begins to answer within 200 ms. A second for a quarter of an hour is not a "
        "single slow request.",
        "s3/first_byte",
        _KEPT,
    ),
)
