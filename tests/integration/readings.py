"""What a running collector serves, read continuously."""

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
        """Seconds the poll took: what it reports was true at some moment within them."""
        return self.end - self.begin


@dataclass(frozen=True)
class Reported:
    """What one poll reported of one consumer of one stream."""

    reading: Reading
    stream: str
    consumer: str
    account: str = "$G"

    def value(self, metric: str, **labels: str) -> float | None:
        """A sample of `nats_consumer_` and the metric; None where it is absent."""
        identity = {"account": self.account, "stream": self.stream, "consumer": self.consumer}
        name = f"nats_consumer_{metric}"
        return self.reading.scrape.get(key(name, nats="nats", **identity, **labels))

    def number(self, metric: str) -> float:
        """The same of a sample that every poll has to leave."""
        value = self.value(metric)
        assert value is not None, metric
        return value

    @property
    def lag_seconds(self) -> float:
        return self.number("lag_seconds")

    @property
    def status(self) -> Status:
        return Status(int(self.number("status")))

    @property
    def reasons(self) -> set[str]:
        return {reason for reason in REASONS if self.value("status_reason", reason=reason)}


@dataclass
class Readings:
    """One reading a poll, in order; while the collector is down there are none."""

    collector: CollectorProcess
    stream: str
    polls: list[Reading] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # of every scrape
    account: str = "$G"

    def last(self, consumer: str) -> Reported:
        """What the last poll reported."""
        return Reported(self.polls[-1], self.stream, consumer, self.account)

    def reported(self, consumer: str, since: float = 0.0, until: float = 1e12) -> list[Reported]:
        """What every poll begun in this time reported; at least one."""
        reported = [
            Reported(poll, self.stream, consumer, self.account)
            for poll in self.polls
            if since <= poll.begin < until
        ]
        assert reported
        return reported

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
