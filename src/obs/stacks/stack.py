"""What all stacks have in common."""

from collections.abc import Callable, Sequence
from typing import Protocol

from obs.stacks.plan import PlanStep

Done = Callable[[PlanStep], None]
"""Called after each step that was done."""


class Stack(Protocol):
    """A running system that rules or dashboards are applied to.

    Every method but `close` raises SourceError where the system does not do as it is asked, and
    BadInput where the spec, a file or a secret has to be changed.
    """

    @property
    def where(self) -> str:
        """Which system it is, for people."""

    def plan(self) -> tuple[PlanStep, ...]:
        """What is to be done; nothing is changed."""

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """Do what is to be done of a plan, one step after the other.

        Stopped in between in whatever way, the next plan holds what is left.
        """

    def close(self) -> None:
        """Close the connections."""
