"""Settings of the pack of Cloud Run."""

from typing import Annotated

from pydantic import Field, model_validator

from obs.catalogue.query import equal, selector
from obs.packs.cloud_run.names import PREFIX, REQUESTS, Names
from obs.spec.model import Name, wrong
from obs.spec.pack_settings import PackSettings
from obs.spec.prometheus_slis import PrometheusSli
from obs.spec.quantity import NotBoolean, Objective
from obs.spec.slis import Sli
from obs.spec.slos import Slo


class CloudRunPack(PackSettings):
    """What the pack of Cloud Run reads, and the SLO that it makes."""

    names: Names = "stackdriver"
    """Whose names the metrics have: those of stackdriver_exporter, which has to run with
    --monitoring.aggregate-deltas, or `managed`, those of Google's managed Prometheus and of
    PromQL in Cloud Monitoring."""
    max_instances: Annotated[int, Field(ge=2, le=10_000), NotBoolean] = 100
    """Most instances that a service may have: no metric tells what it was deployed with."""
    service: Name = "cloud-run"
    """Service that the SLO belongs to."""
    source: Name | None = None
    """Prometheus source that the SLO queries."""
    availability: Objective | None = None
    """SLO: percentage of the requests of `where` that are not answered with 5xx, for example 99.9
    (default: no SLO)."""

    @model_validator(mode="after")
    def _slo_has_a_source(self) -> "CloudRunPack":
        if self.availability is not None and self.source is None:
            raise wrong("availability needs the Prometheus source to query; add source", "source")
        return self

    def objectives(self) -> tuple[Slo, ...]:
        """The SLO of availability, where there is to be one."""
        if self.availability is None or self.source is None:
            return ()
        requests = f"{PREFIX[self.names]}{REQUESTS}"
        failed = (*equal([("response_code_class", "5xx")]), *self.matchers)
        sli = PrometheusSli(
            source=self.source,
            bad=selector(requests, failed),
            total=selector(requests, self.matchers),
        )
        slo = Slo(
            name="availability",
            service=self.service,
            description="Requests to Cloud Run that are not answered with an error of the server.",
            objective=self.availability,
            sli=Sli(prometheus=sli),
        )
        return (slo,)


SETTINGS = CloudRunPack
