"""Signing in at a Prometheus-compatible server. Secrets are read for each request."""

from obs.clients.prometheus import Sign
from obs.clients.sent_headers import sent_headers
from obs.errors import BadInput, SourceError
from obs.spec.signed_in import SignedIn


class Access:
    """What one server asks for. Keep it: it has the credentials of AWS until they expire."""

    def __init__(self, spec: SignedIn) -> None:
        self._spec = spec
        self._sign: Sign | None = None

    def headers(self) -> dict[str, str]:
        """Credentials, headers of the spec, and the tenant, by name in lower case.

        Raises SourceError(auth) where a secret cannot be read.
        """
        try:
            headers = sent_headers(self._spec)
        except BadInput as error:
            raise SourceError("auth", str(error)) from None
        if self._spec.tenant is not None:
            headers["x-scope-orgid"] = self._spec.tenant
        return headers

    @property
    def sign(self) -> Sign | None:
        """Signs requests for AWS; None where the spec does not ask for it."""
        if self._sign is None and self._spec.sigv4 is not None:
            from obs.clients.sigv4 import Signer  # noqa: PLC0415  botocore is slow, so late

            self._sign = Signer(self._spec.sigv4, self._spec.timeout).sign
        return self._sign
