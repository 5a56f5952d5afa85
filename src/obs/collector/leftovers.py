"""What the state file has of sources that are no longer in the spec: forgotten some hours later.

One that is put back before goes on as it was. Their SLOs are kept by themselves, for their windows.
"""

import logging
import re
from collections import defaultdict
from contextlib import suppress
from typing import Final

import msgspec

from obs.collector.objective import KIND as SLO
from obs.slo.windows import HOUR
from obs.sources.kinds import KINDS, each_source
from obs.spec.system import System
from obs.state import State, decoded

log = logging.getLogger(__name__)

KEPT: Final = 6 * HOUR
"""Seconds. What a source knows besides its counters is about the last hours."""

_LEFT: Final = "left_spec"
"""The kind of entries that say when (Unix seconds) a source was first seen to have left."""
_OF_NO_SOURCE: Final = (SLO, _LEFT, "lease")
_SEPARATORS: Final = re.compile("[\x1f/]")  # end the name of the source in a key


def forget_sources(state: State, system: System, now: float) -> None:
    """Queue the removal of what is known of sources that left the spec hours before `now`."""
    there = {name for _, name, _ in each_source(system)}
    stay = {*_OF_NO_SOURCE, *(entry for kind in KINDS for entry in kind.outlasting)}
    left = state.entries(_LEFT)
    entries: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, key in state.entry_keys():
        source = _SEPARATORS.split(key, maxsplit=1)[0]
        if kind not in stay and source not in there:
            entries[source].append((kind, key))
    for source in left.keys() - entries.keys():
        state.remove(_LEFT, source)
    for source, known in entries.items():
        since = _time(left.get(source), now)
        if now - since <= KEPT:
            state.put(_LEFT, source, msgspec.msgpack.encode(since))
            continue
        log.info("source %s left the spec: forgetting what was known of it", source)
        for kind, key in (*known, (_LEFT, source)):
            state.remove(kind, key)


def _time(saved: bytes | None, now: float) -> float:
    with suppress(ValueError):
        return min(decoded(saved, float), now) if saved else now
    return now
