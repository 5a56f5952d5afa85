"""Thresholds in the metadata of streams and consumers: `io.nats.monitor.…`.

The keys and their meaning are those of `nats server check stream` and `nats server check consumer`,
so that whoever owns an asset sets its thresholds once. A value that cannot be read leaves out only
itself; 0 and less mean no threshold.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from obs.redaction.text import one_line
from obs.snapshot.assets import OddThreshold, Thresholds

PREFIX: Final = "io.nats.monitor."
ENABLED: Final = "enabled"
_NONE: Final = Thresholds()
_LARGEST: Final = 2**63 - 1
_LONGEST_SHOWN: Final = 40
_MOST_ODD: Final = 10

_TRUE: Final = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "false", "FALSE", "False"))

_COUNT: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_STEP: Final = re.compile(r"([0-9.]+)([a-zA-Zµμ]+)", re.ASCII)
_SECONDS: Final = {
    **{"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3},
    **{"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "D": 86_400.0},
    **{"w": 604_800.0, "W": 604_800.0, "M": 2_592_000.0, "y": 31_536_000.0, "Y": 31_536_000.0},
}


@dataclass(frozen=True, slots=True)
class MonitorKey:
    """One key without its prefix. `read` raises ValueError for a text that it cannot read.

    `meaning` completes: the asset is beyond its threshold when …
    """

    name: str
    read: Callable[[str], float]
    meaning: str
    example: str


def count(text: str) -> float:
    """A whole number."""
    if not _COUNT.fullmatch(text) or abs(int(text)) > _LARGEST:
        raise ValueError("no whole number")
    return float(int(text))


def duration(text: str) -> float:
    """Seconds of a duration such as 90s, 1h30m or 2d; a month `M` has 30 days, a year `y` 365."""
    text = text.strip()
    if text == "0":
        return 0.0
    unsigned = text.lstrip("+-")
    steps = _STEP.findall(unsigned)
    if not steps or "".join(number + unit for number, unit in steps) != unsigned:
        raise ValueError("no duration")
    try:
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in steps)
    except KeyError:
        raise ValueError("no duration") from None
    if seconds * 1e9 > _LARGEST:
        raise ValueError("too long a duration")
    return -seconds if text.startswith("-") else seconds


def flag(text: str) -> float:
    """1 for true, 0 for false."""
    if text in _TRUE:
        return 1.0
    if text in _FALSE:
        return 0.0
    raise ValueError("neither true nor false")


CONSUMER_KEYS: Final = (
    MonitorKey("outstanding-ack-critical", count, "as many messages are in flight", "100"),
    MonitorKey("waiting-critical", count, "as many pull requests are waiting", "50"),
    MonitorKey("unprocessed-critical", count, "as many messages are pending", "1000"),
    MonitorKey("redelivery-critical", count, "as many messages are redelivered", "20"),
    MonitorKey("last-delivery-critical", duration, "nothing was delivered for as long", "5m"),
    MonitorKey("last-ack-critical", duration, "nothing was acknowledged for as long", "5m"),
    MonitorKey("pinned", flag, "a priority group has no pinned client", "true"),
)
STREAM_KEYS: Final = (
    MonitorKey("lag-critical", count, "its mirror or a source is as many messages behind", "200"),
    MonitorKey("seen-critical", duration, "its mirror or a source was silent for as long", "1m"),
    MonitorKey("min-sources", count, "it has fewer sources", "1"),
    MonitorKey("max-sources", count, "it has more sources", "5"),
    MonitorKey("peer-expect", count, "it has another number of replicas", "3"),
    MonitorKey("peer-lag-critical", count, "a replica is more operations behind", "200"),
    MonitorKey("peer-seen-critical", duration, "a replica was silent for longer", "10s"),
    MonitorKey("msgs-warn", count, "it holds as few messages", "10"),
    MonitorKey("msgs-critical", count, "it holds as few messages", "1"),
    MonitorKey(
        "subjects-warn", count, "it has as many subjects, or as few where warn is the larger", "50"
    ),
    MonitorKey(
        "subjects-critical",
        count,
        "it has as many subjects, or as few where warn is the larger",
        "100",
    ),
)


def consumer_thresholds(metadata: Mapping[str, str] | None) -> Thresholds:
    """The thresholds of a consumer's metadata."""
    return _thresholds(metadata, CONSUMER_KEYS) if metadata else _NONE


def stream_thresholds(metadata: Mapping[str, str] | None) -> Thresholds:
    """The thresholds of a stream's metadata."""
    return _thresholds(metadata, STREAM_KEYS) if metadata else _NONE


def _thresholds(metadata: Mapping[str, str], keys: tuple[MonitorKey, ...]) -> Thresholds:
    """Those that are above 0; none where they are disabled."""
    found = {key[len(PREFIX) :]: text for key, text in metadata.items() if key.startswith(PREFIX)}
    if not found:
        return _NONE
    limits: dict[str, float] = {}
    odd: list[OddThreshold] = []
    enabled = True
    if ENABLED in found:
        text = found.pop(ENABLED)
        try:
            enabled = bool(flag(text))
        except ValueError as error:
            odd.append(_odd(ENABLED, text, error, "true"))
    for key in keys:
        if key.name not in found:
            continue
        text = found.pop(key.name)
        try:
            value = key.read(text)
        except ValueError as error:
            odd.append(_odd(key.name, text, error, key.example))
            continue
        if value > 0:
            limits[key.name] = value
    odd += [
        OddThreshold(f"{PREFIX}{one_line(name, _LONGEST_SHOWN)}", "is a key that nothing reads")
        for name in sorted(found)
    ]
    return Thresholds(limits if enabled else {}, tuple(odd[:_MOST_ODD]))


def _odd(name: str, text: str, error: ValueError, example: str) -> OddThreshold:
    why = f'is "{one_line(text, _LONGEST_SHOWN)}", {error}; write for example {example}'
    return OddThreshold(f"{PREFIX}{name}", why, example)
