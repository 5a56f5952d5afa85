"""Probes: what the collector itself asks over HTTP, TCP and TLS, as a kind of source."""

from functools import cached_property
from typing import Annotated, Final

from pydantic import Field, model_validator

from obs.spec.allowed_addresses import LOCALHOST, AllowedAddresses, AllowedNetwork
from obs.spec.model import wrong
from obs.spec.probe_targets import ProbeTarget
from obs.spec.quantity import Duration, format_duration
from obs.spec.source import Poll, SourceSpec, Timeout

MOST_TARGETS: Final = 200
_SHOWN: Final = 3


class ProbeSource(SourceSpec):
    """Targets that are probed at each poll, all at the same time.

    A probe connects to public addresses only, and to those that `allow_private` names.
    """

    words = "probe"

    poll: Poll = 15.0
    """Interval of the probes."""
    timeout: Timeout = 5.0
    """Time for one probe, from looking up the name to the last byte; less than the interval."""
    targets: Annotated[tuple[ProbeTarget, ...], Field(min_length=1, max_length=MOST_TARGETS)]
    """What is probed."""
    allow_private: Annotated[tuple[AllowedNetwork, ...], Field(max_length=100)] = ()
    """Networks that are not public and may be probed, such as 10.0.0.0/8, or localhost (default:
    none). Addresses are checked after the name is looked up, and again at each redirect."""

    @property
    def where(self) -> str:
        """The targets."""
        names = ", ".join(each.name for each in self.targets[:_SHOWN])
        more = len(self.targets) - _SHOWN
        return f"{names} and {more} more" if more > 0 else names

    @cached_property
    def allowed(self) -> AllowedAddresses:
        """The addresses that may be probed."""
        return AllowedAddresses.of(self.allow_private)

    def timeout_of(self, target: ProbeTarget) -> Duration:
        """Seconds that a probe of the target may take."""
        return self.timeout if target.timeout is None else target.timeout

    @model_validator(mode="after")
    def _each_once(self) -> "ProbeSource":
        first: dict[str, int] = {}
        for index, target in enumerate(self.targets):
            other = first.setdefault(target.name, index)
            if other != index:
                message = f"{target.name!r} is the name of targets[{other}] too; rename one"
                raise wrong(message, f"targets[{index}].name")
        return self

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> "ProbeSource":
        poll = format_duration(self.poll)
        if self.timeout >= self.poll and "timeout" in self.model_fields_set:
            timeout = format_duration(self.timeout)
            raise wrong(f"{timeout} is not less than poll, {poll}; write less", "timeout")
        for index, target in enumerate(self.targets):
            if self.timeout_of(target) >= self.poll:
                timeout = format_duration(self.timeout_of(target))
                message = f"{timeout} is not less than poll, {poll}; write less"
                raise wrong(message, f"targets[{index}].timeout")
        return self

    @model_validator(mode="after")
    def _may_be_probed(self) -> "ProbeSource":
        for index, target in enumerate(self.targets):
            host, _ = target.address
            address = "127.0.0.1" if host.rstrip(".").lower() == LOCALHOST else host
            why = self.allowed.why_not(address)
            if why and why != "no IP address":  # a name is checked when it has been looked up
                entry = LOCALHOST if why == "a loopback address" else address
                message = f"{host} is {why}; add {entry} to allow_private if it is meant"
                raise wrong(message, f"targets[{index}].{target.kind}")
        return self
