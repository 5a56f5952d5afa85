"""HTTP APIs of Prometheus-compatible servers: a login or a signature, and a tenant."""

from typing import Annotated

from pydantic import model_validator

from obs.spec.aws import AwsAccess
from obs.spec.model import HttpUrl, Matching, wrong
from obs.spec.plaintext import check_encrypted
from obs.spec.stacks import Reached

Tenant = Annotated[
    str, Matching(r"^[A-Za-z0-9!_.*'()|-]{1,150}$", "the name of a tenant, for example shop")
]
"""What X-Scope-OrgID may contain."""


class SigV4(AwsAccess):
    """How requests are signed for AWS: what `AwsAccess` says, and the service."""

    endpoint_url: HttpUrl | None = None
    """Endpoint of STS instead of that of AWS, for tests and emulators."""
    service: Annotated[
        str, Matching(r"^[a-z0-9-]{1,64}$", "the name of a service of AWS, for example aps")
    ] = "aps"
    """Name of the service that the signature is for; aps is Amazon Managed Prometheus."""


class SignedIn(Reached):
    """Address and credentials of a Prometheus-compatible server."""

    tenant: Tenant | None = None
    """Tenant, sent as X-Scope-OrgID (default: none)."""
    sigv4: SigV4 | None = None
    """Signature of requests, for Amazon Managed Prometheus (default: none)."""

    @model_validator(mode="after")
    def _signed_or_signed_in(self) -> "SignedIn":
        if self.sigv4 is None:
            return self
        if self.user or self.token or self.token_file:
            raise wrong("a request is signed or has a login, not both; keep one of them", "sigv4")
        check_encrypted(self.url, "signed requests", self.allow_plaintext)
        return self
