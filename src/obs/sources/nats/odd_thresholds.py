"""Says once which thresholds in metadata cannot be used."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from obs.snapshot.assets import Consumer, OddThreshold, Stream

_LOG: Final = logging.getLogger(__name__)
_LINES: Final = 10  # of one poll
_REMEMBERED: Final = 10_000


class _Odd(NamedTuple):
    account: str
    asset: str
    threshold: OddThreshold


class OddThresholdLog:
    """A line for each threshold of one source that cannot be used, when it is first seen."""

    def __init__(self, source: str, *, ignored: bool) -> None:
        """`ignored`: the spec ignores thresholds in metadata."""
        self._source = source
        self._ignored = ignored
        self._told: set[_Odd] = set()

    def tell(self, streams: Iterable[Stream], consumers: Iterable[Consumer]) -> None:
        """Log what is new."""
        if self._ignored:
            return
        new = [each for each in _odd(streams, consumers) if each not in self._told]
        if not new:
            return
        for account, asset, odd in new[:_LINES]:
            _LOG.warning(
                *("%s: %s of account %s: %s in its metadata %s", self._source),
                *(asset, account, odd.key, odd.why),
            )
        if len(new) > _LINES:
            _LOG.warning(
                "%s: %d more thresholds in metadata are odd", self._source, len(new) - _LINES
            )
        if len(self._told) > _REMEMBERED:
            self._told.clear()
        self._told.update(new)


def _odd(streams: Iterable[Stream], consumers: Iterable[Consumer]) -> Iterator[_Odd]:
    for stream in streams:
        for odd in stream.config.thresholds.odd:
            yield _Odd(stream.account, f"stream {stream.name}", odd)
    for consumer in consumers:
        for odd in consumer.config.thresholds.odd:
            name = f"{consumer.stream}/{consumer.name}"
            yield _Odd(consumer.account, f"consumer {name}", odd)
