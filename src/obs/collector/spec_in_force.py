"""Which spec is in force: since when, and why a later one was refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpecInForce:
    """`since` is in Unix seconds; `refused` says why a changed spec is not in force, else empty."""

    since: float
    refused: str = ""
