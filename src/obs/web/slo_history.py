"""The JSON of /api/v1/slo/history: the events of each SLO over its window, in steps of 15 minutes.

Times are Unix seconds. Within `api_version` 1 fields may be added; none goes or changes its
meaning.
"""

from typing import Final, Literal

import msgspec


class SloPast(msgspec.Struct, frozen=True, kw_only=True):
    """One objective. Step i of `total` begins at `start` + i · `step`, and has total[i] events.

    `bad` has [step, bad events] of the steps that have any, in order. `known_from` and
    `known_until` are null where there is no data yet. `missing_from`: events from here on have yet
    to be read from the source's history, so that the numbers may still grow; null: all are read.
    `maintenance` has [start, end] of maintenance windows, from the first step up to a year ahead.
    """

    name: str
    service: str
    object: str = ""
    description: str = ""
    labels: dict[str, str] = {}
    links: dict[str, str] = {}
    sli: str
    objective_percent: float
    window: str
    minutes: bool  # each minute is one event; one without data counts as good
    known_from: float | None
    known_until: float | None
    missing_from: float | None = None
    step: int
    start: int
    total: tuple[float, ...]
    bad: tuple[tuple[int, float], ...]
    maintenance: tuple[tuple[int, int], ...] = ()


class SloHistories(msgspec.Struct, frozen=True, kw_only=True):
    """All objectives of one system."""

    api_version: Literal[1] = 1
    system: str
    environment: str
    generated_at: float
    slos: tuple[SloPast, ...] = ()


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(SloHistories)


def encode(histories: SloHistories) -> bytes:
    """The document as JSON."""
    return _ENCODER.encode(histories)


def decode(document: bytes) -> SloHistories:
    """The histories of a document. Raises as obs.web.status.decode."""
    return _DECODER.decode(document)
