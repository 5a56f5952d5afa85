"""What a running collector serves, read all along."""

import asyncio
import http.client
from dataclasses import dataclass, field

from obs.lag.reason import REASONS
from obs.lag.status import Status
from tests.integration.collector_process import CollectorProcess, Scrape, key, samples

EVERY = 0.05
LAST_SUCCESS = key("obs_source_last_success_timestamp_seconds", source="nats")
DURATION = key("obs_source_poll_duration_seconds", source="nats")


@dataclass(frozen=True)
class Reading:
    """What one poll left, which went on from `begin` to `end` (Unix seconds)."""

    begin: float
    end: float
    scrape: Scrape

    @property
    def took(self) -> float:
        """Seconds the poll went on for: what it tells is of some moment within them."""
        return self.end - self.begin


@dataclass(frozen=True)
class Told:
    """What one poll told of one consumer of one stream."""

    reading: Reading
    stream: str
    consumer: str

    def value(self, metric: str, **labels: str) -> float | None:
        """A sample of `nats_consumer_` and the metric; None where it is absent."""
        identity = {"account": "$G", "stream": self.stream, "consumer": self.consumer}
        name = f"nats_consumer_{metric}"
        return self.reading.scrape.get(key(name, nats="nats", **identity, **labels))

    @property
    def lag_seconds(self) -> float:
        lag = self.value("lag_seconds")
        assert lag is not None
        return lag

    @property
    def status(self) -> Status:
        status = self.value("status")
        assert status is not None
        return Status(int(status))

    @property
    def reasons(self) -> set[str]:
        return {reason for reason in REASONS if self.value("status_reason", reason=reason)}


@dataclass
class Readings:
    """One reading a poll, in order; times in which the collector is away are passed over."""

    collector: CollectorProcess
    stream: str
    polls: list[Reading] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # of every scrape

    def last(self, consumer: str) -> Told:
        """What the last poll told."""
        return Told(self.polls[-1], self.stream, consumer)

    def told(self, consumer: str, since: float = 0.0, until: float = 1e12) -> list[Told]:
        """What every poll told that was begun in this time; there is one at least."""
        told = [
            Told(poll, self.stream, consumer) for poll in self.polls if since <= poll.begin < until
        ]
        assert told
        return told

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            reading = await asyncio.to_thread(self._read)
            if reading and (not self.polls or reading.end != self.polls[-1].end):
                self.polls.append(reading)
            await asyncio.sleep(EVERY)

    def _read(self) -> Reading | None:
        try:
            answer = self.collector.get("/metrics")
        except http.client.HTTPException:  # killed in the middle of its answer
            return None
        if answer.status != 200:
            return None
        self.texts.append(answer.text)
        scrape = samples(answer.text)
        end = scrape.get(LAST_SUCCESS)
        return Reading(end - scrape[DURATION], end, scrape) if end is not None else None
