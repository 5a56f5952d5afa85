"""How many streams, consumers and series each shard of a cluster would have."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from obs.catalogue.exported import Exported
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from obs.spec.shard import WHOLE
from obs.state import State


def sizes(
    name: str, spec: NatsSource, exported: Exported
) -> Mapping[int, tuple[Mapping[str, int], int]]:
    """By one poll of the whole cluster; the share of the spec says how many shards there are.

    Raises SourceError.
    """
    labels = AccountLabels()
    # A cap holds for each shard, and is not what limits the cluster.
    every = spec.max_consumers * len(spec.share.every())
    whole = spec.of_share(WHOLE).model_copy(update={"max_consumers": every})
    with closing(open_cluster(name, whole, time.time, labels)) as cluster:
        snapshot = cluster.poll()
    ids = {label: account for account, (_, label) in labels.saved.items()}
    shard_of = {
        (each.account, each.name): spec.share.number_of(
            (spec.share.source, "stream", each.name, ids.get(each.account, each.account))
        )
        for each in snapshot.streams
    }
    return {
        shard: _size(name, spec, exported, _part(snapshot, shard_of, shard))
        for shard in range(1, len(spec.share.every()) + 1)
    }


def _part(
    snapshot: NatsSnapshot, shard_of: Mapping[tuple[str, str], int], shard: int
) -> NatsSnapshot:
    """What the shard would have of it."""
    return replace(
        snapshot,
        streams=tuple(x for x in snapshot.streams if shard_of[x.account, x.name] == shard),
        consumers=tuple(x for x in snapshot.consumers if shard_of[x.account, x.stream] == shard),
        servers=snapshot.servers if shard == 1 else (),
        accounts=snapshot.accounts if shard == 1 else (),
        unwatched=(),
    )


def _size(
    name: str, spec: NatsSource, exported: Exported, part: NatsSnapshot
) -> tuple[Mapping[str, int], int]:
    nothing_saved = State(Path(), None, lambda reason: None)
    tracker = ConsumerTracker(name, spec, nothing_saved, lambda: None, part.at)
    tracker.exported = exported
    families = tracker.update(part)
    series = sum(len(family) for family in families if family.metric in exported)
    return Counter(stream=len(part.streams), consumer=len(part.consumers)), series
