"""Settings of streams and consumers, and what servers tell of origins and priority groups, as
values of the snapshot."""

from collections.abc import Sequence as Keys
from math import inf
from typing import Final

from obs.redaction.text import one_line
from obs.snapshot.assets import ConsumerConfig, Origin, PriorityGroup, StreamConfig, StreamTraits
from obs.sources.nats.buckets import bucket_of
from obs.sources.nats.jsz import (
    ConsumerReport,
    ConsumerSettings,
    OriginReport,
    StreamSettings,
    unix_seconds,
)
from obs.sources.nats.metadata import chosen, thresholds_in
from obs.sources.nats.monitor_thresholds import consumer_thresholds, stream_thresholds

_PER_SECOND: Final = 1e9  # nanoseconds


def consumer_config(settings: ConsumerSettings, keys: Keys[str] = ()) -> ConsumerConfig:
    """Durations in seconds, limits of 0 as none; the values of these keys of its metadata."""
    filters = settings.filter_subjects or (
        (settings.filter_subject,) if settings.filter_subject else ()
    )
    return ConsumerConfig(
        durable=bool(settings.durable_name),
        push=bool(settings.deliver_subject),
        ack_policy=settings.ack_policy,
        ack_wait=settings.ack_wait / _PER_SECOND,
        max_deliver=settings.max_deliver or -1,
        max_ack_pending=settings.max_ack_pending or -1,
        backoff=tuple(step / _PER_SECOND for step in settings.backoff or ()),
        filters=filters,
        deliver_policy=settings.deliver_policy,
        replicas=settings.num_replicas or None,
        metadata=chosen(settings.metadata, keys),
        thresholds=consumer_thresholds(thresholds_in(settings.metadata)),
        sampled=_is_sampled(settings.sample_freq),
        priority_policy=settings.priority_policy,
        pause_until=unix_seconds(settings.pause_until),
        inactive_threshold=settings.inactive_threshold / _PER_SECOND or None,
        headers_only=settings.headers_only,
    )


def _is_sampled(frequency: str) -> bool:
    """Whether a share of acknowledgements is sampled: "30" or "30%"."""
    percent = frequency.removesuffix("%").strip()
    return percent.isascii() and percent.isdigit() and int(percent) > 0


def priority_groups(report: ConsumerReport) -> tuple[PriorityGroup, ...]:
    """Its priority groups; none where its server does not tell, or it has none."""
    return tuple(
        PriorityGroup(each.group, bool(each.pinned_client_id), unix_seconds(each.pinned_ts))
        for each in report.priority_groups or ()
    )


def stream_config(settings: StreamSettings, keys: Keys[str] = ()) -> StreamConfig:
    """Limits of 0 or −1 as None; the values of these keys of its metadata."""
    return StreamConfig(
        max_age=settings.max_age / _PER_SECOND if settings.max_age > 0 else None,
        max_bytes=settings.max_bytes if settings.max_bytes > 0 else None,
        max_messages=settings.max_msgs if settings.max_msgs > 0 else None,
        replicas=max(settings.num_replicas, 1),
        discard_new=settings.discard == "new",
        max_per_subject=settings.max_msgs_per_subject
        if settings.max_msgs_per_subject > 0
        else None,
        retention=settings.retention,
        rolls_up=settings.allow_rollup_hdrs,
        mirrors=settings.mirror is not None,
        metadata=chosen(settings.metadata, keys),
        traits=_traits(settings),
        thresholds=stream_thresholds(thresholds_in(settings.metadata)),
    )


def _traits(settings: StreamSettings) -> StreamTraits:
    window = settings.duplicate_window
    return StreamTraits(
        settings.storage,
        settings.compression,
        settings.sealed,
        settings.deny_delete,
        settings.deny_purge,
        settings.allow_direct,
        window / _PER_SECOND if window > 0 else None,
        settings.max_msg_size if settings.max_msg_size > 0 else None,
        settings.max_consumers if settings.max_consumers > 0 else None,
        bucket_of(settings.name, settings.subjects or (), mirrors=settings.mirror is not None),
    )


def origin(report: OriginReport) -> Origin:
    """Its name says where it is, if it is in another account or domain."""
    api = report.external.api if report.external else ""
    name = f"{api}:{report.name}" if api else report.name
    filters = (report.filter_subject, *(each.src for each in report.subject_transforms or ()))
    return Origin(
        name,
        report.lag,
        report.active / _PER_SECOND if report.active >= 0 else inf,
        tuple(each for each in filters if each),
        one_line(report.error.description, 200) if report.error else "",
    )
