"""What a collector's /metrics tells, read by names of the catalogue only."""

import asyncio
import http.client
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.integration.collector_process import CollectorProcess

EVERY = 0.1
_WANTED = re.compile(
    r"^(nats_consumer_lag_seconds|nats_consumer_lag_uncertainty_seconds"
    r"|nats_consumer_lag_messages|nats_server_up|nats_missing_assets"
    r"|obs_source_last_success_timestamp_seconds|obs_source_poll_duration_seconds)\{(.*)\} (\S+)$",
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
    missing: float = 0.0  # consumers that the poll did not tell of
    is_refined: bool = False


@dataclass
class Scrapes:
    """The different readings of each source, in order."""

    collector: CollectorProcess
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    ends: dict[str, list[float]] = field(default_factory=dict)  # of polls

    async def run(self) -> None:
        """Scrape until cancelled; while the collector is down there is nothing to read."""
        while True:
            for source, reading in _readings(await asyncio.to_thread(self._text)):
                self._add(source, reading)
            await asyncio.sleep(EVERY)

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
        """Values appear a moment before the time of their poll; such a scrape does not count.

        Values of an old poll that a connection refines do: they change seconds only.
        """
        before = self.readings.setdefault(source, [])
        ends = self.ends.setdefault(source, [])
        last = before[-1] if before else None
        if last and last.end == reading.end:
            refined = last.seconds != reading.seconds or last.uncertainty != reading.uncertainty
            if last.messages == reading.messages and refined:
                before.append(replace(reading, begin=last.begin, is_refined=True))
            return
        if last and last.is_refined and last.seconds == reading.seconds:
            before.pop()  # it was of this poll
        before.append(reading)
        ends.append(reading.end)


def _readings(text: str) -> Iterator[tuple[str, Reading]]:
    """One for each source that has had a successful poll."""
    ends: dict[str, float] = {}
    durations: dict[str, float] = {}
    by_consumer: dict[str, dict[str, dict[Of, float]]] = {}
    ups: dict[str, dict[str, float]] = {}
    missing: Counter[str] = Counter()
    for name, inner, written in _WANTED.findall(text):
        labels, value = dict(_LABEL.findall(inner)), float(written)
        if name.startswith("obs_source_last"):
            ends[labels["source"]] = value
        elif name.startswith("obs_source_poll"):
            durations[labels["source"]] = value
        elif name == "nats_server_up":
            ups.setdefault(labels["nats"], {})[labels["server"]] = value
        elif name == "nats_missing_assets":
            missing[labels["nats"]] += int(value) if labels["asset"] == "consumer" else 0
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
                    missing[source],
                ),
            )
