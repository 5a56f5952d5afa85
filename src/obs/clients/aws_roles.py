"""Credentials of a spec's role, renewed before they expire, and what to do where STS refuses them.

Imports botocore: only `aws_session` uses it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from botocore import exceptions as boto_errors
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleWithWebIdentityCredentialFetcher,
    CredentialProvider,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.session import Session

from obs.errors import SourceError
from obs.files import UnreadableFile, read_file
from obs.redaction.known import KNOWN
from obs.spec.aws import AwsSource

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SESSION_NAME: Final = "obs"
_LARGEST_TOKEN: Final = 64_000  # bytes; STS takes 20 000 characters
_ASSUMING: Final = ("AssumeRole", "AssumeRoleWithWebIdentity")
_REJECTED: Final = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        *("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    }
)


class _Nothing(dict[str, Any]):
    """A cache that forgets: what was rejected must not come back."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Forget it."""


class AssumedRole(CredentialProvider):
    """Credentials of the spec's role, refreshed from STS before they expire.

    `create_client` makes a client that signs with the credentials of `source`, or with those that
    it is given.
    """

    METHOD = "obs-assume-role"

    def __init__(
        self, source: Session, spec: AwsSource, role: str, create_client: Callable[..., Any]
    ) -> None:
        super().__init__()
        self._source = source
        self._spec = spec
        self._role = role
        self._create_client = create_client

    def load(self) -> DeferredRefreshableCredentials:
        """The credentials, fetched when they are first used."""
        if self._spec.web_identity_token_file is not None:
            fetcher: Any = AssumeRoleWithWebIdentityCredentialFetcher(
                self._create_client,
                self._token,
                self._role,
                extra_args={"RoleSessionName": _SESSION_NAME},
                cache=_Nothing(),
            )
        else:
            fetcher = self._with_credentials()
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    def _with_credentials(self) -> AssumeRoleCredentialFetcher:
        source = self._source.get_credentials()
        if source is None:
            raise boto_errors.NoCredentialsError()
        asked = {"RoleSessionName": _SESSION_NAME}
        if self._spec.external_id is not None:
            asked["ExternalId"] = self._spec.external_id
        return AssumeRoleCredentialFetcher(
            self._create_client, source, self._role, extra_args=asked, cache=_Nothing()
        )

    def _token(self) -> str:
        """The token as it is now: what issues it replaces the file. Raises SourceError."""
        path = str(self._spec.web_identity_token_file)
        try:
            token = read_file(Path(path), _LARGEST_TOKEN).decode("ascii").strip()
        except UnreadableFile as refused:
            raise SourceError("auth", f"web_identity_token_file {path} {refused}") from None
        except UnicodeDecodeError:
            raise SourceError("auth", f"web_identity_token_file {path} is not a token") from None
        if not token:
            raise SourceError("auth", f"web_identity_token_file {path} is empty")
        KNOWN.add(token)
        return token


def is_rejected(error: Exception) -> bool:
    """Whether AWS says that credentials have expired, or that it does not know them: those of a
    file that is replaced, or of a role, may be better when they are read or fetched anew."""
    if not isinstance(error, boto_errors.ClientError):
        return False
    details: Any = error.response.get("Error")
    return isinstance(details, dict) and str(details.get("Code")) in _REJECTED


def renew(session: Session, read_again: Callable[[], Session]) -> Literal["fetch", "read"] | None:
    """How the credentials of a session that were rejected are replaced.

    `fetch`: the next request fetches new ones. `read`: others are there now, which another session
    has to read. None: they are fixed, and still the same.
    """
    found = session.get_credentials()
    if isinstance(found, RefreshableCredentials):
        found._expiry_time = _LONG_AGO  # type: ignore[attr-defined]  # there is no other way
        return "fetch"
    there = read_again().get_credentials()
    old, new = (each and each.get_frozen_credentials() for each in (found, there))
    return "read" if old != new else None


def explained(failure: SourceError, spec: AwsSource, latest: str) -> SourceError:
    """The failure with the role and what to do about it, where STS refused it. `latest` is the
    operation of the call's last request."""
    if failure.reason != "auth" or latest not in _ASSUMING or spec.role_arn is None:
        return failure
    return SourceError("auth", f"{failure}; {_remedy(spec, spec.role_arn)}")


def _remedy(spec: AwsSource, role: str) -> str:
    account = role.split(":")[4]
    what = f"cannot assume role {role} of account {account}: verify that it exists and that its"
    if spec.web_identity_token_file is not None:
        return f"{what} trust policy names the issuer and subject of {spec.web_identity_token_file}"
    asks = f" with external ID {spec.external_id}" if spec.external_id is not None else ""
    return (
        f"{what} trust policy lets obs assume it{asks} (obs iam policy --for trust), and that obs "
        "may (--for sign-in)"
    )
