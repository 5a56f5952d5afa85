"""A boto3 session for a spec's AWS source, within limits and with errors in our words.

The one module that imports boto3, which is slow and large: import it with the first request.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore import __version__ as botocore_version
from botocore import exceptions as boto_errors
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import CredentialResolver, ReadOnlyCredentials
from botocore.session import Session
from botocore.utils import parse_timestamp

from obs import __version__, spans
from obs.clients.aws_answers import Answer, checked, inspect_body
from obs.clients.aws_errors import translated
from obs.clients.aws_limits import (
    CallLimits,
    Refused,
    current,
    limited,
    new_call,
)
from obs.clients.aws_models import load_only_what_is_used
from obs.clients.aws_retries import ATTEMPTS, pause_before_retry
from obs.clients.aws_roles import AssumedRole, explained, is_rejected, renew
from obs.clients.aws_wire import limit_connections
from obs.errors import SourceError, forget_frames
from obs.redaction.known import KNOWN
from obs.spec.aws import AwsSource
from obs.spec.plaintext import is_plaintext

_CONNECT_TIMEOUT: Final = 10.0
_SECRET_HEADERS: Final = ("Authorization", "X-Amz-Security-Token", "x-amz-sso_bearer_token")
_SECRET_VARIABLES: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)


class AwsSession:
    """Clients of one account and region, made when first used. Safe to use from several threads.

    `on_attempt` is called with the operation's name before each request is sent, retries too.
    """

    def __init__(
        self,
        spec: AwsSource,
        on_attempt: Callable[[str], None],
        permit: Callable[[], SourceError | None] = lambda: None,
    ) -> None:
        """`permit` is asked at each attempt, too: why it may not be sent; None where it may."""
        self._spec = spec
        self._permit = permit
        self._on_attempt = on_attempt
        self._lock = threading.Lock()
        self._session: boto3.session.Session | None = None
        self._signing: tuple[Session, ...] = ()
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: Any) -> Answer:
        """Send one request, retried by botocore; `operation` as AWS spells it.

        It ends within the limits of the call that surrounds it (`aws_limits.limited`), or of its
        own: four times the timeout of a request, at least 5 s. Whatever fails, it raises
        SourceError.
        """
        limits = current() or new_call(self._spec.timeout)
        with spans.client(f"aws.{service}.{operation}", lambda: self._asked(service, operation)):
            with limited(limits):
                found = self._outcome(service, operation, parameters, limits)
            # Raised out here: as its context, botocore's error would keep answer and request alive.
            if isinstance(found, SourceError):
                raise found
            return found

    def credentials(self) -> ReadOnlyCredentials:
        """What requests are signed with at this moment. Raises SourceError."""
        limits = current() or new_call(self._spec.timeout)
        with spans.client("aws.credentials", lambda: self._asked("sts", "credentials")):
            with limited(limits):
                found = self._found_credentials(limits)
            if isinstance(found, SourceError):
                raise found
            return found

    def close(self) -> None:
        """Close the connections; the session can be used again."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _asked(self, service: str, operation: str) -> spans.Attributes:
        return {
            "rpc.system": "aws-api",
            "rpc.service": service,
            "rpc.method": operation,
            "cloud.region": self._spec.region,
        }

    def _outcome(
        self, service: str, operation: str, parameters: dict[str, Any], limits: CallLimits
    ) -> Answer | SourceError:
        found, again = self._attempt(service, operation, parameters, limits)
        if again and not limits.is_over:
            found, _ = self._attempt(service, operation, parameters, limits)
        return found

    def _attempt(
        self, service: str, operation: str, parameters: dict[str, Any], limits: CallLimits
    ) -> tuple[Answer | SourceError, bool]:
        """The answer, or why there is none; and whether new credentials may help."""
        limits.operation, limits.host, limits.secrets = operation, "", ()
        client = None
        try:
            client = self._client(service, limits)
            response = getattr(client, xform_name(operation))(**parameters)
            shape = client.meta.service_model.operation_model(operation).output_shape
            return checked(response, shape, operation), False
        except Exception as error:  # noqa: BLE001  an answer can make botocore raise anything
            failure = explained(translated(error, operation, limits), self._spec, limits.operation)
            rejected = is_rejected(error)
            forget_frames(error)
        return failure, rejected and self._renew(service, client)

    def _renew(self, service: str, client: Any) -> bool:
        """Have credentials that were rejected replaced; whether there are others."""
        with self._lock:
            if client is None or self._clients.get(service) is not client:
                return True  # another thread has replaced them
            ways = {renew(session, self._read_again) for session in self._signing}
            if "read" in ways:
                self._session = None
                self._clients.clear()  # other threads may still use their connections
            return ways != {None}

    def _read_again(self) -> Session:
        return Session(profile=self._spec.profile)

    def _found_credentials(self, limits: CallLimits) -> ReadOnlyCredentials | SourceError:
        limits.operation, limits.host, limits.secrets = "credentials", "", ()
        try:
            if not self._lock.acquire(timeout=limits.left):
                raise limits.late
            try:
                found = self._opened().get_credentials()
                if found is None:
                    raise boto_errors.NoCredentialsError()
                frozen: ReadOnlyCredentials = found.get_frozen_credentials()
            finally:
                self._lock.release()
            if not (frozen.access_key and frozen.secret_key):
                raise boto_errors.NoCredentialsError()
            _remember(frozen)
            return frozen
        except Exception as error:  # noqa: BLE001  an answer can make botocore raise anything
            failure = translated(error, "credentials", limits)
            forget_frames(error)
        return failure

    def _client(self, service: str, limits: CallLimits) -> Any:
        # Whoever holds the lock may be waiting for credentials.
        if not self._lock.acquire(timeout=limits.left):
            raise limits.late
        try:
            if service not in self._clients:
                self._clients[service] = self._opened().client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self._spec.endpoint_url,
                    config=_config(self._spec),
                )
            return self._clients[service]
        finally:
            self._lock.release()

    def _opened(self) -> boto3.session.Session:
        """The session that signs requests. The lock must be held."""
        if self._session is None:
            self._signing = _signing(self._spec, self._before_send)
            self._session = boto3.session.Session(botocore_session=self._signing[-1])
        return self._session

    def _before_send(self, event_name: str, request: Any, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        parts = urlsplit(request.url)
        limits = current()
        if limits is not None:
            limits.begin_request(operation, parts.netloc, tuple(_secrets(request.headers)))
        if is_plaintext(request.url) and not self._spec.allow_plaintext:
            raise Refused(
                "connection",
                f"credentials would be sent unencrypted to http://{parts.netloc}; use https, or "
                "set allow_plaintext: true where the network is trusted",
            )
        if (refused := self._permit()) is not None:
            raise Refused(refused.reason, str(refused))
        self._on_attempt(operation)


def _signing(spec: AwsSource, before_send: Callable[..., None]) -> tuple[Session, ...]:
    """The sessions that requests are signed with: the last one, with credentials of the others."""
    limit_connections()
    # botocore and urllib3 log requests with signatures, and answers with temporary credentials.
    for library in ("botocore", "boto3", "urllib3"):
        log = logging.getLogger(library)
        log.setLevel(max(log.level, logging.CRITICAL))
    source = _session(spec, before_send, spec.profile)
    if spec.role_arn is None:
        return (source,)

    def create_client(service: str, config: Config | None = None, **credentials: Any) -> Any:
        whole = _config(spec).merge(config) if config is not None else _config(spec)
        return source.create_client(
            service, endpoint_url=spec.endpoint_url, config=whole, **credentials
        )

    assumed = _session(spec, before_send)
    assumed.register_component(
        "credential_provider",
        CredentialResolver([AssumedRole(source, spec, spec.role_arn, create_client)]),
    )
    return (assumed,) if spec.web_identity_token_file is not None else (source, assumed)


def _session(
    spec: AwsSource, before_send: Callable[..., None], profile: str | None = None
) -> Session:
    session = Session(profile=profile)
    session.set_config_variable("region", spec.region)
    load_only_what_is_used(session)
    session.register("before-send", before_send)
    session.register("before-sign", _remember_credentials)
    session.register("before-parse", _before_parse)
    session.register("response-received", _after_answer)
    session.get_component("event_emitter").register_first("needs-retry.*.*", pause_before_retry)
    session.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=_timestamp
    )
    return session


def _before_parse(**event: Any) -> None:
    response_dict, operation_model = event["response_dict"], event["operation_model"]
    body, limits = response_dict.get("body"), current()
    if limits is not None and isinstance(body, bytes):
        model = operation_model.service_model
        inspect_body(body, getattr(model, "resolved_protocol", model.protocol), limits)


def _after_answer(**_: object) -> None:
    limits = current()
    if limits is not None:
        limits.end_request()


def _secrets(headers: Any) -> list[str]:
    """What a request proves itself with, whole and in its parts."""
    found = []
    for name in _SECRET_HEADERS:
        value = headers.get(name, b"")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        found += [text, *(part.rpartition("=")[2] for part in text.split(",") if "=" in part)]
    return sorted({each for each in found if len(each) > 8}, key=len, reverse=True)


def _remember_credentials(request_signer: Any = None, **_: object) -> None:
    """Redact what a request is signed with, temporary credentials too, from now on."""
    credentials = getattr(request_signer, "_credentials", None)
    if credentials is None:
        return
    _remember(credentials.get_frozen_credentials())  # what signing does next


def _remember(frozen: ReadOnlyCredentials) -> None:
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
        # Both are work for each of hundreds of metrics and each request; AWS validates as well.
        parameter_validation=False,
        user_agent=f"obs/{__version__} Botocore/{botocore_version}",
    )
