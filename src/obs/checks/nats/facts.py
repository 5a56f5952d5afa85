"""What checks read of a NATS cluster, without judging it.

What asks the cluster itself raises SourceError.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from obs.checks.context import CheckContext
from obs.checks.nats.processing import ProcessingTimes, processing_times
from obs.errors import SourceError
from obs.snapshot.nats import NatsSnapshot, Unwatched
from obs.sources.nats.opened import open_cluster
from obs.spec.globs import takes
from obs.spec.nats import Selection


def jetstream(context: CheckContext, name: str) -> NatsSnapshot:
    """Every stream and consumer that the spec selects, without ephemeral ones."""
    return context.once("jetstream", name, lambda: _selected(context, name))


def captured(context: CheckContext, name: str) -> Mapping[str, bool]:
    """Whether the advisory streams of a source exist, by the account of their connection."""
    spec = context.system.sources.nats[name]
    wanted = {each.account: each.advisory_stream for each in spec.every_connection}
    wanted = {account: stream for account, stream in wanted.items() if stream is not None}
    if not wanted:
        return {}
    there = {(each.account, each.name) for each in everything(context, name).streams}
    return {account: (account, stream) in there for account, stream in wanted.items()}


def processing(context: CheckContext, name: str) -> ProcessingTimes:
    """What the running collector has measured; nothing where it does not answer, which is no
    trouble here: another check tells of it."""
    try:
        return processing_times(context.exposition(), name)
    except SourceError:
        return {}


def _selected(context: CheckContext, name: str) -> NatsSnapshot:
    spec, whole = context.system.sources.nats[name], everything(context, name)
    streams = tuple(one for one in whole.streams if _takes(spec.streams, one.name))
    consumers = tuple(
        one
        for one in whole.consumers
        if _takes(spec.streams, one.stream) and _takes(spec.consumers, one.name)
    )
    others = [Unwatched(one.account, one.name) for one in whole.streams if one not in streams]
    others += [
        Unwatched(one.account, one.stream, one.name)
        for one in whole.consumers
        if not _takes(spec.streams, one.stream) or not _takes(spec.consumers, one.name)
    ]
    unwatched = (*whole.unwatched, *others)
    return replace(whole, streams=streams, consumers=consumers, unwatched=unwatched, left_out={})


def everything(context: CheckContext, name: str) -> NatsSnapshot:
    """Every stream and consumer, the advisory stream among them."""

    def poll() -> NatsSnapshot:
        spec = context.system.sources.nats[name]
        unselected = spec.model_copy(update={"streams": Selection(), "consumers": Selection()})
        source = open_cluster(name, unselected, time.time)
        context.close_later(source.close)
        return source.poll()

    return context.once("everything", name, poll)


def _takes(selection: Selection, name: str) -> bool:
    return takes(name, selection.include, selection.exclude)
