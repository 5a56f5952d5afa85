"""A boto3 session for a spec's AWS source, and botocore's errors as SourceError.

The one module that imports boto3, which is slow and large: import it with the first request.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import boto3
from botocore import exceptions as boto_errors
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session
from botocore.utils import parse_timestamp

from obs import __version__
from obs.errors import Reason, SourceError
from obs.redaction.address import remember_variable
from obs.redaction.known import KNOWN
from obs.redaction.text import one_line
from obs.spec.aws import AwsSource

ATTEMPTS: Final = 3  # of one request, the first included
_CONNECT_TIMEOUT: Final = 10.0
_QUOTED: Final = 200  # characters of AWS' message
_SECRET_VARIABLES: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)

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
)


class AwsSession:
    """Clients of one account and region, made when first used. Safe to use from several threads.

    `on_attempt` is called with the operation's name before each request is sent, retries too.
    """

    def __init__(self, spec: AwsSource, on_attempt: Callable[[str], None]) -> None:
        self._spec = spec
        self._on_attempt = on_attempt
        self._lock = threading.Lock()
        self._session: boto3.session.Session | None = None
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Send one request, retried by botocore; `operation` as AWS spells it.

        Raises SourceError for every failure.
        """
        try:
            client = self._client(service)
            method = getattr(client, xform_name(operation))
        except boto_errors.BotoCoreError as error:
            raise translated(error, operation) from None
        try:
            response: dict[str, Any] = method(**parameters)
        except (boto_errors.BotoCoreError, boto_errors.ClientError, ResponseParserError) as error:
            raise translated(error, operation) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _unreadable(operation, type(error).__name__) from None
        if "RequestId" not in response["ResponseMetadata"]:
            raise _unreadable(operation, "no request id")
        return response

    def close(self) -> None:
        """Close the connections; the session can be used again."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                if self._session is None:
                    self._session = _open(self._spec, self._count)
                self._clients[service] = self._session.client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self._spec.endpoint_url,
                    config=_config(self._spec),
                )
            return self._clients[service]

    def _count(self, event_name: str, **_: object) -> None:
        self._on_attempt(event_name.rpartition(".")[2])


class _AssumedRole(CredentialProvider):
    """Credentials of the spec's role, refreshed from STS before they expire."""

    METHOD = "obs-assume-role"

    def __init__(self, source: Session, role_arn: str, create_client: Callable[..., Any]) -> None:
        super().__init__()
        self._source = source
        self._role_arn = role_arn
        self._create_client = create_client

    def load(self) -> DeferredRefreshableCredentials:
        source = self._source.get_credentials()
        if source is None:
            raise boto_errors.NoCredentialsError()
        fetcher = AssumeRoleCredentialFetcher(
            self._create_client, source, self._role_arn, extra_args={"RoleSessionName": "obs"}
        )
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _open(spec: AwsSource, on_send: Callable[..., None]) -> boto3.session.Session:
    # At DEBUG botocore logs whole requests, signatures and session tokens included.
    botocore_log = logging.getLogger("botocore")
    botocore_log.setLevel(max(botocore_log.level, logging.INFO))
    for name in _SECRET_VARIABLES:
        remember_variable(name, os.environ.get(name, ""))
    source = _session(spec, on_send, spec.profile)
    if spec.role_arn is None:
        return boto3.session.Session(botocore_session=source)

    def create_client(service: str, **credentials: Any) -> Any:
        return source.create_client(
            service, endpoint_url=spec.endpoint_url, config=_config(spec), **credentials
        )

    assumed = _session(spec, on_send)
    assumed.register_component(
        "credential_provider",
        CredentialResolver([_AssumedRole(source, spec.role_arn, create_client)]),
    )
    return boto3.session.Session(botocore_session=assumed)


def _session(spec: AwsSource, on_send: Callable[..., None], profile: str | None = None) -> Session:
    session = Session(profile=profile)
    session.set_config_variable("region", spec.region)
    session.register("before-send", on_send)
    session.register("before-sign", _remember_credentials)
    session.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=_timestamp
    )
    return session


def _remember_credentials(request_signer: Any = None, **_: object) -> None:
    """Redact what a request is signed with, temporary credentials too, from now on."""
    credentials = getattr(request_signer, "_credentials", None)
    if credentials is None:
        return
    frozen = credentials.get_frozen_credentials()  # what signing does next
    for secret in (frozen.secret_key, frozen.token):
        if secret:
            KNOWN.add(secret)


def _timestamp(value: Any) -> Any:
    """Numeric times stay numbers: making 90 000 datetimes takes a second."""
    return value if isinstance(value, int | float) else parse_timestamp(value)


def _config(spec: AwsSource) -> Config:
    return Config(
        region_name=spec.region,
        connect_timeout=min(spec.timeout, _CONNECT_TIMEOUT),
        read_timeout=spec.timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        user_agent_extra=f"obs/{__version__}",
    )


def translated(error: Exception, operation: str) -> SourceError:
    """A botocore error as a SourceError, without the request, which holds credentials."""
    if isinstance(error, boto_errors.ClientError):
        return _client_error(error, operation)
    for kinds, reason, what in _MEANINGS:
        if isinstance(error, kinds):
            return SourceError(reason, f"{operation}: {what} ({type(error).__name__})")
    return SourceError("internal", f"{operation}: {type(error).__name__}")


def _client_error(error: boto_errors.ClientError, operation: str) -> SourceError:
    code = str(error.response.get("Error", {}).get("Code", ""))[:64]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED or status == 429:
        return SourceError("throttled", f"{operation}: throttled by AWS ({code})")
    if code in _DENIED:
        message = one_line(str(error.response["Error"].get("Message", "")), _QUOTED)
        return SourceError("auth", f"{operation}: not permitted: {message}")
    if code in _BAD_CREDENTIALS or status in {401, 403}:
        # A signature error quotes the signed request with the session token: leave it out.
        return SourceError("auth", f"{operation}: AWS rejected the credentials ({code})")
    if code in _EXPLAINED:
        message = one_line(str(error.response["Error"].get("Message", "")), _QUOTED)
        return SourceError("http_status", f"{operation}: {code}: {message}")
    return SourceError("http_status", f"{operation}: AWS answered {status} ({code})")


def _unreadable(operation: str, why: str) -> SourceError:
    return SourceError("decode", f"{operation}: invalid response ({why})")
