"""Whatever a request to AWS raises, as SourceError in our words.

What AWS, or what answers in its place, says is shown in two places only: an error code, if it has
the form of one, and the message of errors that explain themselves, cut to a line.
"""

import re
from typing import Any, Final

from botocore import exceptions as boto_errors
from botocore.parsers import ResponseParserError

from obs.clients.aws_limits import CallLimits, Refused
from obs.clients.aws_retries import asked_pause
from obs.clients.aws_text import one_line, shows_secret
from obs.errors import Reason, SourceError

_LONGEST_CODE: Final = 80
_CODE: Final = re.compile(r"[A-Za-z]+(?:[._:][A-Za-z0-9]+)*|[1-5][0-9]{2}")
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceeded",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "KMS.AccessDeniedException",
        "UnauthorizedOperation",
    }
)
_BAD_CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_EXPLAINED: Final = frozenset(
    {
        "ConflictException",
        "DashboardInvalidInputError",
        "InvalidParameterCombination",
        "InvalidParameterInput",
        "InvalidParameterValue",
        "LimitExceededFault",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ValidationError",
        "ValidationException",
    }
)
"""Codes whose message describes the request's parameters, never its credentials."""
_LOCAL_CREDENTIALS: Final = (
    boto_errors.CredentialRetrievalError,
    boto_errors.LoginError,
    boto_errors.MetadataRetrievalError,
    boto_errors.NoAuthTokenError,
    boto_errors.NoCredentialsError,
    boto_errors.PartialCredentialsError,
    boto_errors.ProfileNotFound,
    boto_errors.SSOError,
    boto_errors.TokenRetrievalError,
)
_MEANINGS: Final[tuple[tuple[tuple[type[Exception], ...], Reason, str], ...]] = (
    (_LOCAL_CREDENTIALS, "auth", "no usable AWS credentials"),
    (
        (boto_errors.ReadTimeoutError, boto_errors.ConnectTimeoutError),
        "timeout",
        "AWS request timed out",
    ),
    (
        (
            boto_errors.IncompleteReadError,
            boto_errors.ResponseStreamingError,
            ResponseParserError,
        ),
        "decode",
        "invalid response",
    ),
    (
        (boto_errors.HTTPClientError, boto_errors.ConnectionError),
        "connection",
        "cannot reach AWS",
    ),
    ((boto_errors.BotoCoreError,), "internal", "the request cannot be made"),
)


def translated(error: Exception, operation: str, limits: CallLimits | None = None) -> SourceError:
    """An error of a call as a SourceError, without the request, which holds credentials.

    What is none of botocore's own errors comes from taking an answer apart.
    """
    if isinstance(error, SourceError):
        return error
    what = _what(operation, limits)
    refused = error if isinstance(error, Refused) else _refused(error) or _late(error, limits)
    if refused is not None:
        return SourceError(refused.reason, f"{what}: {refused}{_at(limits)}")
    if isinstance(error, boto_errors.ClientError):
        return _client_error(error, what, limits)
    for kinds, reason, words in _MEANINGS:
        if isinstance(error, kinds):
            return SourceError(reason, f"{what}: {words} ({type(error).__name__}){_at(limits)}")
    why = f"{what}: invalid response ({type(error).__name__}){_at(limits)}"
    return SourceError("decode", why)


def _refused(error: Exception) -> Refused | None:
    """What obs gave up itself, in what botocore made of it."""
    cause = getattr(error, "kwargs", {}).get("error")
    return cause if isinstance(cause, Refused) else None


def _late(error: Exception, limits: CallLimits | None) -> Refused | None:
    """What to say of a timeout at which the time of the whole call is over."""
    late = isinstance(error, (boto_errors.ReadTimeoutError, boto_errors.ConnectTimeoutError))
    return limits.late if late and limits is not None and limits.is_over else None


def _client_error(
    error: boto_errors.ClientError, what: str, limits: CallLimits | None
) -> SourceError:
    # A hostile answer gives members of any type.
    details: Any = error.response.get("Error")
    details = details if isinstance(details, dict) else {}
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = _code(details.get("Code", ""))
    message = one_line(details.get("Message", ""), limits.secrets if limits else ())
    at = _at(limits)
    if code in _THROTTLED or status == 429:
        seconds = asked_pause(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
        asks = f", which asks to wait {seconds:.0f} s" if seconds is not None else ""
        return SourceError("throttled", f"{what}: throttled by AWS ({code}){asks}{at}")
    if code in _DENIED:
        return SourceError("auth", f"{what}: not permitted: {message}")
    if code in _BAD_CREDENTIALS or status in {401, 403}:
        # A signature error quotes the signed request with the session token: leave it out.
        return SourceError("auth", f"{what}: AWS rejected the credentials ({code}){at}")
    named = f" ({code})" if code != str(status) else ""
    if code in _EXPLAINED:
        return SourceError("http_status", f"{what}: {code}: {message}")
    return SourceError("http_status", f"{what}: AWS answered {status}{named}{at}")


def _code(code: object) -> str:
    text = code if isinstance(code, str) else ""
    is_code = len(text) <= _LONGEST_CODE and _CODE.fullmatch(text)
    return text if is_code and not shows_secret(text) else "no error code" * (not text) or "?"


def _what(operation: str, limits: CallLimits | None) -> str:
    """The operation, with the one for its credentials where that is the one that failed."""
    latest = limits.operation if limits else ""
    return f"{operation}: {latest}" if latest and latest != operation else operation


def _at(limits: CallLimits | None) -> str:
    return f", from {limits.host}" if limits and limits.host else ""
