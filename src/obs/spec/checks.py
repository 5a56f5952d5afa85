"""Settings of `obs check` that the rest of the spec does not have."""

from typing import Annotated, Literal

from obs.spec.model import LocalFile, Model
from obs.spec.notify import RoleArn
from obs.spec.quantity import Duration, within
from obs.spec.stacks import Reached


class Checks(Model):
    """Settings of `obs check`."""

    every: Annotated[Duration, within("1m", "30d")] | None = None
    """How often the collector runs the checks to export obs_check_ok (default: never)."""
    collector: Reached | None = None
    """The collector whose status page is checked (default: the address in outputs.web.listen)."""
    roles: dict[Literal["publisher", "dlq-processor"], RoleArn] = {}
    """IAM roles of the system's components, whose permissions are compared with what they need."""
    policies: dict[Literal["collector", "publisher", "dlq-processor"], LocalFile] = {}
    """Paths of JSON policy documents that are compared in the same way."""
