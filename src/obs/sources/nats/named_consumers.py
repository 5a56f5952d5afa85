"""The consumers of a poll by name, for SLIs: there may be as many of these as consumers."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from obs.sources.nats.tracked_consumer import TrackedConsumer
from obs.spec.slis import ConsumerSli


class NamedConsumers:
    """Indexed once a poll."""

    def __init__(self, consumers: Iterable[TrackedConsumer] = ()) -> None:
        self._by_name: dict[tuple[str, str], list[TrackedConsumer]] = {}
        for tracked in consumers:
            consumer = tracked.consumer
            self._by_name.setdefault((consumer.stream, consumer.name), []).append(tracked)

    def named(self, sli: ConsumerSli) -> Iterator[TrackedConsumer]:
        """Those that an SLI names, by name."""
        for tracked in self._by_name.get((sli.stream, sli.consumer), ()):
            if _is_in(tracked, sli.account):
                yield tracked

    def like(self, sli: ConsumerSli) -> list[tuple[str, str]]:
        """Stream and name of those that an SLI's globs match."""
        return [
            key
            for key, tracked in self._by_name.items()
            if fnmatchcase(key[0], sli.stream)
            and fnmatchcase(key[1], sli.consumer)
            and any(_is_in(each, sli.account) for each in tracked)
        ]


def _is_in(tracked: TrackedConsumer, account: str) -> bool:
    """Whether a consumer is in an account, a glob of names or ids."""
    consumer = tracked.consumer
    return fnmatchcase(consumer.account, account) or fnmatchcase(consumer.account_id, account)
