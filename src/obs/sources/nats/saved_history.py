"""The history of a NATS source as its state file has it."""

import logging
from collections.abc import Callable, Mapping

import msgspec

from obs.lag.history import SequenceState
from obs.lag.identity import Ended
from obs.lag.track import TrackState
from obs.sources.nats.tracked_consumer import Identity

log = logging.getLogger(__name__)


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


def restore_each(
    parts: Mapping[str, Callable[[], None]], source: str, on_damage: Callable[[], None]
) -> None:
    """Restore the parts of a source's history, by their names; damage in one leaves the others."""
    for what, restore in parts.items():
        try:
            restore()
        except Exception as error:  # noqa: BLE001  what a file holds may be anything
            on_damage()
            log.warning(
                "the %s of source %s as saved are unreadable (%s); starting without them",
                *(what, source, error),
            )
