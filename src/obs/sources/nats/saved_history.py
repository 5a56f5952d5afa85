"""The history of a NATS source as its state file has it."""

import msgspec

from obs.lag.history import SequenceState
from obs.lag.identity import Ended
from obs.lag.track import TrackState
from obs.sources.nats.tracked_consumer import Identity


class SavedHistory(msgspec.Struct, frozen=True):
    """A source's tracks and streams as they are stored."""

    since: float
    tracks: list[tuple[Identity, TrackState]]
    streams: list[tuple[tuple[str, str], SequenceState]]
    ended: list[tuple[Identity, Ended]] = []
    accounts: dict[str, tuple[str, str]] = {}
    clock_forward: float = 0.0
