"""Metadata of streams and consumers as families of 1."""

from collections.abc import Iterable, Sequence

from obs.catalogue import nats_metadata
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache
from obs.snapshot.assets import Consumer, Stream
from obs.spec.label_keys import label_of


class MetadataFamilies:
    """The families of one source, with the spec's labels after those of streams and consumers."""

    def __init__(self, source: str, keys: Sequence[str]) -> None:
        self._source = source
        labels = tuple(label_of(key) for key in keys)
        self._of_stream = nats_metadata.STREAM_METADATA.with_labels(labels)
        self._of_consumer = nats_metadata.CONSUMER_METADATA.with_labels(labels)
        self._any = bool(labels)

    def of(
        self, streams: Iterable[Stream], consumers: Iterable[Consumer], cache: RowCache
    ) -> list[Family]:
        """Both families; none where the spec chooses no key."""
        if not self._any:
            return []
        source = self._source
        of_streams = [
            (source, each.account, each.name, *each.config.metadata)
            for each in streams
            if each.config.metadata
        ]
        of_consumers = [
            (source, each.account, each.stream, each.name, *each.config.metadata)
            for each in consumers
            if each.config.metadata
        ]
        return [
            _family(self._of_stream, of_streams, cache),
            _family(self._of_consumer, of_consumers, cache),
        ]


def _family(metric: Metric, rows: Sequence[tuple[str, ...]], cache: RowCache) -> Family:
    return Family(metric, cache.rows(metric.name, rows), [1] * len(rows))
