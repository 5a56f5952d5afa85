"""The state of a collector that has lived for long: what is kept by number for days is full.

Else it would fill up for most of a day, and could not be told from a leak.
"""

from pathlib import Path
from typing import Final

import msgspec

from obs.sources.nats import forgetting
from obs.sources.nats.saved_history import SavedHistory
from obs.state import open_state

_EVERY: Final = 6.0  # seconds between two consumers that ended: about as many as in the soak


def write_past(folder: Path, source: str, begin: float) -> None:
    """Save, as of `begin` (Unix seconds), as many ended consumers as a NATS source keeps."""
    ended = [
        (
            ("A", "STAYS", f"old-{number}"),
            (f"2026-01-01T00:00:{number:06d}Z", 0, 100_000 + number, 0),
        )
        for number in range(forgetting.ENDED)
    ]
    times = [begin - (len(ended) - number) * _EVERY for number in range(len(ended))]
    saved = SavedHistory(times[0], [], [], ended=ended, ended_at=times)
    state = open_state(folder, _fault)
    state.put("nats_history", source, msgspec.msgpack.encode(saved))
    state.close()


def _fault(reason: str) -> None:
    raise AssertionError(reason)
