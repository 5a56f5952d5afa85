"""Counts elected leaders and lost quorums, each loss once however many replicas tell of it."""

from collections.abc import Callable, Sequence
from typing import Final

from obs.sources.nats.heard_events import HeardEvents

SAME_LOSS: Final = 60.0
"""Seconds in which advisories of one stream or consumer tell of one loss. Each replica that is
left tells of it, again every 20 seconds or more while no leader is elected."""
_MOST: Final = 20_000  # streams and consumers without a quorum

_Asset = tuple[str, ...]  # account, STREAM or CONSUMER, stream, and the consumer's name


class Elections:
    """Remembers which streams and consumers are known to be without a quorum."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lost: dict[_Asset, float] = {}  # when the loss was last counted

    def count(self, heard: HeardEvents, account: str, tokens: Sequence[str]) -> None:
        """Count an advisory, whose tokens are the asset, what it did, its stream and its name."""
        asset, what, stream = tokens[:3]
        changed = (account, asset, *tokens[2:])
        if what == "LEADER_ELECTED":
            self._lost.pop(changed, None)
        elif not self._is_another(changed):
            return
        heard.count((account, asset, what, stream))

    def _is_another(self, lost: _Asset) -> bool:
        """Whether it is none of the losses that were counted."""
        now, at = self._monotonic(), self._lost.pop(lost, None)
        is_another = at is None or now - at >= SAME_LOSS
        if len(self._lost) >= _MOST:
            del self._lost[next(iter(self._lost))]
        self._lost[lost] = now if at is None or is_another else at
        return is_another
