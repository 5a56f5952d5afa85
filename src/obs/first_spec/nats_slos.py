"""Objectives for the consumers of a NATS cluster."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from obs.durations import format_duration
from obs.first_spec.draft import ProposedSlo, Value
from obs.first_spec.names import UniqueNames
from obs.first_spec.thresholds import LagTarget, lag_target
from obs.snapshot.assets import Consumer
from obs.snapshot.nats import NatsSnapshot

ONE_BY_ONE: Final = 25
"""Up to so many consumers have an SLO each in the file; more have one for their stream."""
_MOST_OBJECTS: Final = 1_000  # that an SLO may have
_MOST: Final = 50  # SLOs in all
_ON_TIME: Final = 99.5
_DELIVERED: Final = 99.9


def proposed(source: str, snapshot: NatsSnapshot, hears: Collection[str]) -> Iterator[ProposedSlo]:
    """A lag SLO for each durable consumer, and one on dead letters where a connection hears its
    account and it gives messages up."""
    consumers = sorted(
        (each for each in snapshot.consumers if each.config.durable),
        key=lambda each: (each.account, each.stream, each.name),
    )
    targets = _Targets(source, snapshot)
    if len(consumers) > ONE_BY_ONE:
        yield from targets.by_stream(consumers)
        return
    for each in consumers:
        yield targets.on_time(each)
        if each.account in hears and each.config.max_deliver > 0:
            yield targets.delivered(each)


class _Targets:
    def __init__(self, source: str, snapshot: NatsSnapshot) -> None:
        self._source = source
        self._ages = {(each.account, each.name): each.config.max_age for each in snapshot.streams}
        self._names = UniqueNames()

    def on_time(self, consumer: Consumer) -> ProposedSlo:
        target = self._target(consumer)
        return ProposedSlo(
            self._names.of([consumer.stream, consumer.name], "on-time"),
            _ON_TIME,
            "nats_lag",
            self._of(consumer) | {"max_seconds": format_duration(target.seconds)},
            f"{format_duration(target.seconds)}: {target.why}",
        )

    def delivered(self, consumer: Consumer) -> ProposedSlo:
        return ProposedSlo(
            self._names.of([consumer.stream, consumer.name], "delivered"),
            _DELIVERED,
            "nats_delivery",
            self._of(consumer),
            f"bad: given up after {consumer.config.max_deliver} deliveries, or terminated",
        )

    def by_stream(self, consumers: Sequence[Consumer]) -> Iterator[ProposedSlo]:
        """One SLO for each stream, which gives each of its consumers a budget."""
        streams: dict[tuple[str, str], list[Consumer]] = defaultdict(list)
        for each in consumers:
            streams[each.account, each.stream].append(each)
        for number, ((_, stream), own) in enumerate(streams.items()):
            if number == _MOST:
                return
            target = max(map(self._target, own), key=lambda each: each.seconds)
            fields = self._of(own[0]) | {"consumer": "*", "by": "consumer"}
            yield ProposedSlo(
                self._names.of([stream], "on-time"),
                _ON_TIME,
                "nats_lag",
                fields | {"max_seconds": format_duration(target.seconds)},
                f"an error budget for each of {len(own)} consumers; the longest: {target.why}",
                max_objects=min(_MOST_OBJECTS, max(100, 2 * len(own))),
            )

    def _target(self, consumer: Consumer) -> LagTarget:
        return lag_target(consumer.config, self._ages.get((consumer.account, consumer.stream)))

    def _of(self, consumer: Consumer) -> dict[str, Value]:
        """The fields that name the consumer; its account where others have such a stream."""
        named = [account for account, stream in self._ages if stream == consumer.stream]
        account: dict[str, Value] = {"account": consumer.account} if len(named) > 1 else {}
        return {
            "source": self._source,
            **account,
            "stream": consumer.stream,
            "consumer": consumer.name,
        }
