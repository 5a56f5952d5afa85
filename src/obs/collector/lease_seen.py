"""A lease as the collector and its status page see it."""

from typing import Protocol


class Lease(Protocol):
    """A lease as one collector sees it."""

    leads: bool

    @property
    def part(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def held_by(self) -> str: ...
    @property
    def error(self) -> str: ...
    def holds(self) -> bool: ...
