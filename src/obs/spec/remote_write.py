"""Pushing to Prometheus remote write, for collectors that nothing can scrape."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from obs.redaction.address import shown_address
from obs.spec.alerts import LabelName
from obs.spec.model import HttpUrl, wrong
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.signed_in import SignedIn

_OURS: Final = ("__name__", "system", "environment")


class RemoteWrite(SignedIn):
    """Push what /metrics serves to a remote write receiver: Prometheus, Mimir, Thanos,
    VictoriaMetrics, Grafana Cloud, Amazon Managed Prometheus."""

    url: HttpUrl
    """URL of the receiver's endpoint, for example https://mimir.example.com/api/v1/push or
    https://prometheus.example.com/api/v1/write.

    A proxy that the environment names (https_proxy, no_proxy) is used for https:// only."""
    protocol: Literal["auto", "v2", "v1"] = "auto"
    """Version of remote write: v2 (io.prometheus.write.v2.Request) or v1 (prometheus.WriteRequest);
    auto begins with v2, and goes on with v1 where the receiver does not take that."""
    every: Annotated[Duration, within("1s", "1d")] = 30.0
    """Interval of pushes; all samples of a push have one timestamp."""
    timeout: Annotated[Duration, within("100ms", "10m")] = 10.0
    """Timeout of a request. What fails for now is repeated until the next push is near."""
    labels: Annotated[dict[LabelName, str], Field(max_length=32)] = {}
    """External labels of all series, beside system and environment (default: job is obs, instance
    the name of this host)."""
    max_samples_per_send: Annotated[int, Field(ge=1, le=1_000_000), NotBoolean] = 5_000
    """Samples in a request at most; fewer where the receiver answers that one is too large."""
    max_pending_samples: Annotated[int, Field(ge=0, le=100_000_000), NotBoolean] = 1_000_000
    """Samples that are kept in memory for the next push while the receiver is away; beyond it the
    oldest are dropped and counted."""

    @model_validator(mode="after")
    def _labels_of_its_own(self) -> "RemoteWrite":
        for name in _OURS:
            if name in self.labels:
                raise wrong(f"obs sets the label {name} itself", "labels")
        return self

    @property
    def target(self) -> str:
        """Where it pushes to."""
        return shown_address(self.url)

    @property
    def described(self) -> str:
        """The same with how."""
        return f"{self.url} ({self.protocol})"
