"""What all SLI kinds of a spec have in common."""

from abc import abstractmethod
from typing import ClassVar

from obs.spec.model import Model, Name
from obs.spec.shard import Identity, Place
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

    anywhere: ClassVar[bool] = False
    """Whether every collector that reaches its source can measure it, whatever that polls."""

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

    def place(self) -> Identity | Place:
        """Where a system is divided into shards, what says which of them evaluates it: the object
        that it counts, or the beginning of the identities of several, which then stay together.

        Raises ValueError where what it counts is on several shards; says why, and what helps.
        """
        return Place.ANY if self.anywhere else Place.FIRST

    def part_names(self) -> tuple[str, ...]:
        """The SLOs that it is made of: NAME, or SERVICE/NAME of another service."""
        return ()
