import inspect

import pytest
from botocore import exceptions as boto_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from obs.clients.aws_errors import translated
from obs.errors import REASONS


def client_error(code: str, status: int = 400, message: str = "") -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "ListRules")  # type: ignore[arg-type]


class _Anything(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "SECRET"


def _made(kind: type[BotoCoreError]) -> BotoCoreError:
    error = kind.__new__(kind)
    Exception.__init__(error, kind.fmt.format_map(_Anything()))
    return error


KINDS = [
    kind
    for _, kind in inspect.getmembers(boto_errors, inspect.isclass)
    if issubclass(kind, BotoCoreError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_of_botocore_gets_a_bounded_reason_and_keeps_its_words_to_itself(
    kind: type[BotoCoreError],
) -> None:
    found = translated(_made(kind), "ListRules")
    assert found.reason in REASONS
    assert "ListRules" in str(found)
    assert "SECRET" not in str(found)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (boto_errors.NoCredentialsError, "auth"),
        (boto_errors.ProfileNotFound, "auth"),
        (boto_errors.SSOTokenLoadError, "auth"),
        (boto_errors.UnauthorizedSSOTokenError, "auth"),
        (boto_errors.ReadTimeoutError, "timeout"),
        (boto_errors.ConnectTimeoutError, "timeout"),
        (boto_errors.EndpointConnectionError, "connection"),
        (boto_errors.SSLError, "connection"),
        (boto_errors.ConnectionClosedError, "connection"),
        (boto_errors.IncompleteReadError, "decode"),
        (boto_errors.ParamValidationError, "internal"),
    ],
)
def test_what_went_wrong_on_the_way_names_its_reason(
    kind: type[BotoCoreError], reason: str
) -> None:
    assert translated(_made(kind), "ListRules").reason == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (client_error("ThrottlingException"), "throttled"),
        (client_error("RequestLimitExceeded", 503), "throttled"),
        (client_error("Whatever", 429), "throttled"),
        (client_error("ExpiredToken", 403), "auth"),
        (client_error("InvalidClientTokenId", 403), "auth"),
        (client_error("UnrecognizedClientException"), "auth"),
        (client_error("AccessDeniedException"), "auth"),
        (client_error("Unheard", 403), "auth"),
        (client_error("InternalFailure", 500), "http_status"),
        (client_error("ValidationException"), "http_status"),
        (ClientError({}, "ListRules"), "http_status"),
        (ResponseParserError("x"), "decode"),
    ],
)
def test_a_refusal_names_its_reason(error: Exception, reason: str) -> None:
    assert translated(error, "ListRules").reason == reason


def test_a_missing_permission_says_which_one_on_one_line() -> None:
    said = "User: arn:aws:iam::1:user/obs is not authorized\n to perform: events:ListRules"
    found = translated(client_error("AccessDeniedException", message=said), "ListRules")
    assert str(found) == (
        "ListRules: not permitted: "
        "User: arn:aws:iam::1:user/obs is not authorized to perform: events:ListRules"
    )


def test_a_signature_error_does_not_repeat_the_request_it_quotes() -> None:
    found = translated(client_error("SignatureDoesNotMatch", 403, "x-amz-security-token:T"), "Op")
    assert str(found) == "Op: AWS rejected the credentials (SignatureDoesNotMatch)"
