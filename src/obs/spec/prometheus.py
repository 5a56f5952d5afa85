"""Prometheus-compatible servers as sources of SLIs."""

from typing import Annotated

from pydantic import model_validator

from obs.spec.aws import AwsAccess
from obs.spec.model import HttpUrl, Matching, wrong
from obs.spec.plaintext import check_encrypted
from obs.spec.quantity import Duration, within
from obs.spec.source import Poll, SourceSpec
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


class PrometheusSource(SourceSpec, Reached):
    """A server with the query API of Prometheus: Prometheus itself, Thanos, Mimir, VictoriaMetrics.

    Only what SLOs count is queried.
    """

    words = "Prometheus"
    only_for_slos = True

    poll: Poll = 60.0
    """Interval of the polls."""
    timeout: Annotated[Duration, within("100ms", "10m")] = 30.0
    """Timeout of a request."""
    tenant: Tenant | None = None
    """Tenant, sent as X-Scope-OrgID (default: none)."""
    sigv4: SigV4 | None = None
    """Signature of requests, for Amazon Managed Prometheus (default: none)."""
    delay: Annotated[Duration, within("0s", "1h")] = 60.0
    """How long after the end of a minute its samples are complete: at least a scrape interval, and
    what remote write takes."""

    @model_validator(mode="after")
    def _signed_or_signed_in(self) -> "PrometheusSource":
        if self.sigv4 is None:
            return self
        if self.user or self.token or self.token_file:
            raise wrong("a request is signed or has a login, not both; keep one of them", "sigv4")
        check_encrypted(self.url, "signed requests", self.allow_plaintext)
        return self

    @property
    def where(self) -> str:
        """Its address."""
        return self.url

    @property
    def delayed_by(self) -> float:
        """Seconds after which a minute counts as complete."""
        return self.delay
