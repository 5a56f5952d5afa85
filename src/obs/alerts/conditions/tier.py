"""A burn-rate tier of one period, as a rule has it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BurnTier:
    """Both windows burn faster than `factor`, and the long one has `min_bad_events` bad events.

    `long` and `short` are windows as labels have them; `period` is the SLO's, empty where all SLOs
    have the same.
    """

    long: str
    short: str
    factor: float
    min_bad_events: int
    period: str
