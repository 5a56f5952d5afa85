"""The interface of all stacks."""

from collections.abc import Callable, Sequence
from typing import Protocol

from obs.stacks.plan import PlanStep

Done = Callable[[PlanStep], None]
"""Called after each completed step."""


class Stack(Protocol):
    """A running system that rules or dashboards are applied to.

    Every method but `close` raises SourceError where the system rejects a request or does not
    respond, and BadInput where the spec, a file or a secret has to be changed.
    """

    @property
    def where(self) -> str:
        """The address of the system, for messages."""

    def plan(self) -> tuple[PlanStep, ...]:
        """The steps that make the system match the spec; changes nothing."""

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """Execute the steps of a plan one after the other.

        After an interruption, the next plan contains the remaining steps.
        """

    def close(self) -> None:
        """Close the connections."""
