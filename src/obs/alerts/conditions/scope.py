"""What a condition needs to know of the rule that it is written for."""

from typing import Protocol

from obs.catalogue.query import Matcher

Labels = tuple[tuple[str, str], ...]


class RuleScope(Protocol):
    """The objects of one rule: all of a kind, or those that `only` and `among` select.

    `identity` are the labels that tell objects apart, `without` are objects that have a rule of
    their own, `keep_firing` is for how many seconds the rule fires on while its source is silent.
    """

    @property
    def name(self) -> str:
        """The alert's name."""

    @property
    def system(self) -> Labels:
        """Labels of the system's series and alerts, which no other system's have."""

    @property
    def selecting(self) -> tuple[Matcher, ...]:
        """What chooses the series of other exporters that belong to the system."""

    @property
    def identity(self) -> tuple[str, ...]:
        """The labels that tell the objects apart."""

    @property
    def labels(self) -> Labels:
        """Labels of the rule's alerts, beside severity and system."""

    @property
    def only(self) -> Labels:
        """Labels that the rule's objects have."""

    @property
    def without(self) -> tuple[Labels, ...]:
        """Labels of objects that are left out."""

    @property
    def among(self) -> tuple[Matcher, ...]:
        """Matchers that narrow the series further."""

    @property
    def hold(self) -> float:
        """Seconds for which the condition holds before the alert fires."""

    @property
    def keep_firing(self) -> float:
        """Seconds for which a firing alert lasts while its source is silent; 0 for not at all."""
