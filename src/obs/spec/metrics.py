"""Which metrics the collector exports, beside or without the usual ones."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from obs import catalogue
from obs.catalogue.exported import ALWAYS, Exported, exported
from obs.spec.globs import matches, plain_name
from obs.spec.model import Glob, Model, wrong
from obs.spec.report import did_you_mean


def _check_known(glob: str) -> str:
    name = plain_name(glob)
    if name in catalogue.BY_NAME:
        return glob
    if name in catalogue.RECORDED:
        raise wrong(f"{name} is recorded by rules, and not exported by the collector")
    if name is not None:
        hint = (
            did_you_mean(name, catalogue.BY_NAME)
            or "; `obs validate --format json` lists those on request"
        )
        raise wrong(f"{name!r} is not a metric of obs{hint}")
    if not any(matches(each, (glob,)) for each in catalogue.BY_NAME):
        raise wrong(f"{glob!r} matches no metric of obs")
    return glob


def _check_excluded(glob: str) -> str:
    if glob in ALWAYS:
        raise wrong(f"{glob} cannot be left out: every rule needs it to tell what is there")
    return glob


KnownMetrics = Annotated[
    Glob, AfterValidator(_check_known), Field(json_schema_extra={"examples": ["nats_consumer_*"]})
]
"""The name of a metric of the catalogue, or a glob that matches some."""
ExcludedMetrics = Annotated[KnownMetrics, AfterValidator(_check_excluded)]
"""The same of metrics that can be left out."""


class Metrics(Model):
    """Metrics that are exported on request, and metrics that are not exported.

    Rules, dashboards and outputs are built for what is left."""

    include: tuple[KnownMetrics, ...] = ()
    """Names or globs of metrics to export that are exported on request only."""
    exclude: tuple[ExcludedMetrics, ...] = ()
    """Names or globs of metrics not to export; they take precedence over `include`."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "Metrics":
        for name in self.include:
            if name in self.exclude:
                raise wrong(f"{name} is excluded too; write it in one of the two", "include")
        return self

    @property
    def exported(self) -> Exported:
        """What is exported."""
        return exported(self.include, self.exclude)
