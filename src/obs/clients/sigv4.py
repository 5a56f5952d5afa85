"""Requests signed for AWS (Signature Version 4), with botocore's signer and credentials.

It imports botocore, which is slow and large: import it with the first request.
"""

from collections.abc import Mapping
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from obs.clients.aws_session import AwsSession
from obs.redaction.known import KNOWN
from obs.spec.aws import AwsSource
from obs.spec.signed_in import SigV4

_SENT: Final = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")


class Signer:
    """Signs with the credentials of the spec, which are refreshed before they expire.

    Safe to use from several threads.
    """

    def __init__(self, spec: SigV4, timeout: float) -> None:
        self._spec = spec
        account = AwsSource(
            region=spec.region,
            profile=spec.profile,
            role_arn=spec.role_arn,
            endpoint_url=spec.endpoint_url,
            allow_plaintext=spec.allow_plaintext,
        ).model_copy(update={"timeout": timeout})
        self._session = AwsSession(account, lambda operation: None)

    def sign(self, method: str, url: str, body: bytes | None) -> Mapping[str, str]:
        """The headers that sign the request. Raises SourceError where there are no credentials."""
        credentials = self._session.credentials()
        request = AWSRequest(method=method, url=url, data=body or b"")
        SigV4Auth(credentials, self._spec.service, self._spec.region).add_auth(request)
        signed = {name: str(request.headers[name]) for name in _SENT if name in request.headers}
        KNOWN.add(signed["Authorization"].rpartition("Signature=")[2])
        return signed
