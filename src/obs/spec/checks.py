"""Settings of `obs check` that the rest of the spec does not have."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import Glob, LocalFile, Model, Name
from obs.spec.notify import RoleArn
from obs.spec.quantity import Duration, within
from obs.spec.stacks import Reached


class AcceptedFinding(Model):
    """A finding that is accepted, and why."""

    check: Name
    """Name of the check, as `obs check --list` shows it."""
    resource: Glob = "*"
    """Glob of the resource that the finding names: a stream, or STREAM/CONSUMER (default: all)."""
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    """Why it is accepted; `obs check` shows it."""


class Checks(Model):
    """Settings of `obs check`."""

    every: Annotated[Duration, within("1m", "30d")] | None = None
    """How often the collector runs the checks to export obs_check_ok (default: never)."""
    collector: Reached | None = None
    """The collector whose status page is checked (default: the address in outputs.web.listen)."""
    roles: dict[Literal["publisher", "dlq-processor"], RoleArn] = {}
    """IAM roles of the system's components, whose permissions are compared with what they need."""
    accept: tuple[AcceptedFinding, ...] = ()
    """Findings that are accepted: they no longer fail or warn."""
    policies: dict[Literal["collector", "publisher", "dlq-processor"], LocalFile] = {}
    """Paths of JSON policy documents that are compared in the same way."""
