"""What `obs check` needs to know besides the rest of the spec."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import Model
from obs.spec.notify import RoleArn
from obs.spec.quantity import Duration
from obs.spec.stacks import Reached


class Checks(Model):
    """The checks of `obs check`."""

    every: Annotated[Duration, Field(ge=60)] | None = None
    """How often the collector runs them itself, for obs_check_ok; never where left out."""
    collector: Reached | None = None
    """Where the collector is asked how it is; at outputs.web.listen where left out."""
    roles: dict[Literal["publisher", "dlq-processor"], RoleArn] = {}
    """IAM roles of the system's own parts, whose permissions are compared with what they need."""
    policies: dict[Literal["collector", "publisher", "dlq-processor"], str] = {}
    """Policy documents kept as JSON files, which are compared in the same way."""
