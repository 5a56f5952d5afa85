"""What all SLI kinds of a spec have in common."""

from abc import abstractmethod
from typing import ClassVar

from obs.spec.model import Model, Name
from obs.spec.watched import BusRules, Named

Key = tuple[str, str]
"""Service and name of an SLO."""


class SliSpec(Model):
    """What all SLI kinds have in common; `obs.slis` has a module for each, which measures it."""

    source_kind: ClassVar[str]
    """The kind of its source: a field of `Sources`."""
    counts_minutes: ClassVar[bool] = False
    """Whether its events are minutes: then a window's number of events is known beforehand."""

    has_rules: ClassVar[bool] = False
    """Whether recording rules can count its events, beside its source and without a collector."""
    silence_is_zero: ClassVar[bool] = False
    """Whether a minute of which its source says nothing had no events: then no data is missing."""

    source: Name
    """Source of the data."""

    @abstractmethod
    def in_words(self) -> str:
        """What is counted, for people."""

    @abstractmethod
    def names(self) -> tuple[Named, ...]:
        """What it refers to in its source, which must watch it; alerts may be labelled with it."""

    def invocations(self) -> BusRules | None:
        """The rules whose invocations are its events; None for other kinds of events."""
        return None

    @property
    def each(self) -> str:
        """The kind of object that has an SLO each, such as consumer; empty where it is one SLO."""
        return ""

    def kind_of_source(self) -> str:
        """The kind of its source."""
        return self.source_kind

    def part_names(self) -> tuple[str, ...]:
        """The SLOs that it is made of: NAME, or SERVICE/NAME of another service."""
        return ()
