"""How long consumers take to process messages, as a running collector's exposition tells."""

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from obs.catalogue import nats_events

ProcessingTimes = Mapping[tuple[str, str, str], float]
"""Seconds in which nearly all messages are processed, by account, stream and consumer."""

_NEARLY_ALL: Final = 0.95
_LEAST: Final = 20  # samples; fewer say little
_LINE: Final = re.compile(
    rf"^{nats_events.PROCESSING.name}_bucket\{{(.*)\}} ([0-9.e+]+)(?: |$)", re.MULTILINE
)
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")


def processing_times(exposition: str, source: str) -> ProcessingTimes:
    """Those of a source's consumers with enough samples, interpolated within classic buckets.

    What takes longer than the last bound counts as that bound.
    """
    buckets: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for labels, number in _LINE.findall(exposition):
        told = {name: _unescaped(text) for name, text in _LABEL.findall(labels)}
        if told.get("nats") == source:
            key = (told["account"], told["stream"], told["consumer"])
            buckets[key].append((float(told["le"]), float(number)))
    return {
        key: _quantile(sorted(found))
        for key, found in buckets.items()
        if max(number for _, number in found) >= _LEAST
    }


def _quantile(buckets: list[tuple[float, float]]) -> float:
    wanted = _NEARLY_ALL * buckets[-1][1]
    for (lower, before), (upper, upto) in pairwise([(0.0, 0.0), *buckets]):
        if upto >= wanted:
            if upper == float("inf"):
                return lower
            return lower + (upper - lower) * (wanted - before) / (upto - before)
    return buckets[-1][0]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)
