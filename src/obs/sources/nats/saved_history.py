"""The history of a NATS source as its state file has it."""

import msgspec

from obs.lag.history import SequenceState
from obs.lag.identity import Ended
from obs.lag.track import TrackState
from obs.sources.nats.tracked_consumer import Identity


class SavedHistory(msgspec.Struct, frozen=True):
    """A source's tracks and streams as they are stored.

    `absent` and `absent_streams`: when those were last told that the last poll did not tell;
    `ended_at`: when each of `ended` was forgotten. By the clock of the history (Unix seconds).
    """

    since: float
    tracks: list[tuple[Identity, TrackState]]
    streams: list[tuple[tuple[str, str], SequenceState]]
    ended: list[tuple[Identity, Ended]] = []
    accounts: dict[str, tuple[str, str]] = {}
    clock_forward: float = 0.0
    absent: list[tuple[Identity, float]] = []
    absent_streams: list[tuple[tuple[str, str], float]] = []
    ended_at: list[float] = []
