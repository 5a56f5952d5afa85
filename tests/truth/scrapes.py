"""What a collector's /metrics tells, read by names of the catalogue only."""

import asyncio
import http.client
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.integration.collector_process import CollectorProcess

EVERY = 0.1
CONFIRMED = 3
"""Scrapes in a row with the same time after which values are taken for that time's."""
_WANTED = re.compile(
    r"^(nats_consumer_lag_seconds|nats_consumer_lag_uncertainty_seconds"
    r"|nats_consumer_lag_messages|nats_server_up|obs_source_last_success_timestamp_seconds"
    r"|obs_source_poll_duration_seconds)\{(.*)\} (\S+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
Of = tuple[str, str]
"""Stream and consumer."""


@dataclass(frozen=True)
class Reading:
    """What one scrape tells of one source, whose last poll went on from `begin` to `end`."""

    begin: float
    end: float
    seconds: Mapping[Of, float]
    uncertainty: Mapping[Of, float]
    messages: Mapping[Of, float]
    up: Mapping[str, float]  # by the server's address


@dataclass
class Scrapes:
    """The different readings of each source, in order."""

    collector: CollectorProcess
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    ends: dict[str, list[float]] = field(default_factory=dict)  # of polls

    async def run(self) -> None:
        """Scrape until cancelled; while the collector is down there is nothing to read."""
        while True:
            for source, reading in (await self._read()).items():
                self._add(source, reading)
            await asyncio.sleep(EVERY)

    async def _read(self) -> dict[str, Reading]:
        """A scrape whose values and times belong together.

        New values appear a moment before the time of their poll. New values of an old poll also
        appear where a connection refines them: these stay.
        """
        found = dict(_readings(await asyncio.to_thread(self._text)))
        for _ in range(CONFIRMED):
            if not any(self._is_early(source, reading) for source, reading in found.items()):
                break
            await asyncio.sleep(EVERY / 2)
            found = dict(_readings(await asyncio.to_thread(self._text)))
        return found

    def _is_early(self, source: str, reading: Reading) -> bool:
        last = self.readings.get(source, [reading])[-1]
        return last.end == reading.end and last.seconds != reading.seconds

    def gap(self, source: str, at: float) -> float:
        """Seconds between the two polls around a moment; 0 where none follows or precedes."""
        ends = self.ends.get(source, [])
        after = bisect_left(ends, at)
        return ends[after] - ends[after - 1] if 0 < after < len(ends) else 0.0

    def _text(self) -> str:
        try:
            answer = self.collector.get("/metrics")
        except http.client.HTTPException:  # killed in the middle of its answer
            return ""
        return answer.text if answer.status == 200 else ""

    def _add(self, source: str, reading: Reading) -> None:
        before = self.readings.setdefault(source, [])
        if before and before[-1].end == reading.end:
            reading = replace(reading, begin=before[-1].begin)  # now it may be a failed poll's
        if before and before[-1] == reading:
            return
        before.append(reading)
        ends = self.ends.setdefault(source, [])
        if not ends or ends[-1] != reading.end:
            ends.append(reading.end)


def _readings(text: str) -> Iterator[tuple[str, Reading]]:
    """One for each source that has had a successful poll."""
    ends: dict[str, float] = {}
    durations: dict[str, float] = {}
    by_consumer: dict[str, dict[str, dict[Of, float]]] = {}
    ups: dict[str, dict[str, float]] = {}
    for name, inner, written in _WANTED.findall(text):
        labels, value = dict(_LABEL.findall(inner)), float(written)
        if name.startswith("obs_source_last"):
            ends[labels["source"]] = value
        elif name.startswith("obs_source_poll"):
            durations[labels["source"]] = value
        elif name == "nats_server_up":
            ups.setdefault(labels["nats"], {})[labels["server"]] = value
        else:
            of_source = by_consumer.setdefault(labels["nats"], {})
            of_source.setdefault(name, {})[labels["stream"], labels["consumer"]] = value
    for source, found in ups.items():
        if source in ends and source in durations:
            named = by_consumer.get(source, {})
            yield (
                source,
                Reading(
                    ends[source] - durations[source],
                    ends[source],
                    named.get("nats_consumer_lag_seconds", {}),
                    named.get("nats_consumer_lag_uncertainty_seconds", {}),
                    named.get("nats_consumer_lag_messages", {}),
                    found,
                ),
            )
