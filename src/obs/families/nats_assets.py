"""What streams are, and the buckets that they hold, as families."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from obs.catalogue import nats_assets
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Value
from obs.families.nats import origin_families, stream_families
from obs.snapshot.assets import Bucket, Stream, StreamTraits, SubjectMessages

_OF_STREAM: Final[Mapping[Metric, Callable[[Stream], Value]]] = {
    nats_assets.STREAM_SUBJECTS: lambda stream: stream.subjects,
    nats_assets.STREAM_DELETED: lambda stream: stream.deleted,
    nats_assets.STREAM_MAX_PER_SUBJECT: lambda stream: stream.config.max_per_subject,
}
_OF_TRAITS: Final[Mapping[Metric, Callable[[StreamTraits], Value]]] = {
    nats_assets.STREAM_DUPLICATE_WINDOW: lambda traits: traits.duplicate_window,
    nats_assets.STREAM_MAX_MESSAGE_BYTES: lambda traits: traits.max_message_bytes,
    nats_assets.STREAM_MAX_CONSUMERS: lambda traits: traits.max_consumers,
}
_OF_KV: Final[Mapping[Metric, Callable[[Stream], Value]]] = {
    nats_assets.KV_KEYS: lambda stream: stream.subjects,
    nats_assets.KV_BYTES: lambda stream: stream.bytes,
    nats_assets.KV_MAX_BYTES: lambda stream: stream.config.max_bytes,
    nats_assets.KV_HISTORY: lambda stream: stream.config.max_per_subject,
    nats_assets.KV_WATCHERS: lambda stream: stream.consumers,
    nats_assets.KV_VALUES: lambda stream: stream.messages,
    nats_assets.KV_TTL: lambda stream: stream.config.max_age,
}
_OF_OBJECTS: Final[Mapping[Metric, Callable[[Stream], Value]]] = {
    nats_assets.OBJECT_STORE_BYTES: lambda stream: stream.bytes,
    nats_assets.OBJECT_STORE_MAX_BYTES: lambda stream: stream.config.max_bytes,
    nats_assets.OBJECT_STORE_WATCHERS: lambda stream: stream.consumers,
}


def asset_families(
    source: str,
    streams: Sequence[Stream],
    counted: Sequence[SubjectMessages],
    cache: RowCache,
    *,
    rolled_up: bool,
) -> list[Family]:
    """All families of streams, of what they copy, of the buckets among them, and of messages by
    subject."""
    return [
        *stream_families(source, streams, cache, rolled_up=rolled_up),
        *origin_families(source, streams, cache),
        *_streams(source, streams, cache),
        *_buckets(source, "kv", _OF_KV, streams, cache),
        *_buckets(source, "objects", _OF_OBJECTS, streams, cache),
        Family(
            nats_assets.STREAM_SUBJECT_MESSAGES,
            cache.rows("by subject", [(source, s.account, s.stream, s.filter) for s in counted]),
            [each.messages for each in counted],
        ),
    ]


def _streams(source: str, streams: Sequence[Stream], cache: RowCache) -> Iterator[Family]:
    known = [(s, s.config.traits) for s in streams if s.config.traits is not None]
    infos = [(source, s.account, s.name, *_settings(s, traits)) for s, traits in known]
    yield Family(nats_assets.STREAM_INFO, cache.rows("stream info", infos), [1] * len(infos))
    rows = cache.rows("streams", [(source, s.account, s.name) for s in streams])
    for metric, of_stream in _OF_STREAM.items():
        yield Family(metric, rows, [of_stream(s) for s in streams])
    rows = cache.rows("known streams", [(source, s.account, s.name) for s, _ in known])
    for metric, of_traits in _OF_TRAITS.items():
        yield Family(metric, rows, [of_traits(traits) for _, traits in known])


def _settings(stream: Stream, traits: StreamTraits) -> tuple[str, ...]:
    """The labels of a stream's info, without its identity."""
    return (
        stream.config.retention,
        traits.storage,
        "new" if stream.config.discard_new else "old",
        traits.compression,
        *(_word(traits.sealed), _word(traits.deny_delete)),
        *(_word(traits.deny_purge), _word(traits.allow_direct)),
    )


def _buckets(
    source: str,
    kind: str,
    metrics: Mapping[Metric, Callable[[Stream], Value]],
    streams: Sequence[Stream],
    cache: RowCache,
) -> Iterator[Family]:
    found = [(s, bucket) for s in streams if (bucket := _bucket(s)) and bucket.kind == kind]
    rows = cache.rows(f"{kind} buckets", [(source, s.account, each.name) for s, each in found])
    for metric, of in metrics.items():
        yield Family(metric, rows, [of(s) for s, _ in found])


def _bucket(stream: Stream) -> Bucket | None:
    return stream.config.traits.bucket if stream.config.traits else None


def _word(setting: bool) -> str:
    return "true" if setting else "false"
