"""How large each shard of a system would be: its objects and, about, its series."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from obs.errors import ObsError
from obs.sources.kinds import each_source
from obs.spec.shard import Portion
from obs.spec.sharding import of_shard, shards_of_slos
from obs.spec.system import System


@dataclass(slots=True)
class ShardSize:
    """One shard: objects by kind, SLOs with an objective of their own, and series."""

    shard: int
    objects: dict[str, int] = field(default_factory=dict)
    slos: int = 0
    series: int = 0


@dataclass(frozen=True, slots=True)
class ShardSizes:
    """Every shard; `errors`: why sources could not be counted. `slos_of_each`: SLOs that every
    shard has for each of its own objects, which are not in `slos`."""

    sizes: tuple[ShardSize, ...]
    errors: tuple[str, ...]
    slos_of_each: int = 0


def shard_sizes(system: System, share: Portion, kinds: Collection[str]) -> ShardSizes:
    """Asks each source of these kinds what there is; free of charge, or next to it."""
    assert share.shard is not None
    sizes = {each: ShardSize(each) for each in range(1, share.shard.of + 1)}
    owners = shards_of_slos(system, share.shard)
    for owner in owners.values():
        if owner is not None:
            sizes[owner].slos += 1
    errors = []
    # The first shard has the sources whole: what is collected beside objects is its alone.
    first = of_shard(system, share.every()[0].shard)
    for kind, name, spec in each_source(first):
        if kind.key not in kinds or not spec.has_shards:
            continue
        try:
            kind.require_extra(name)
            found = kind.sizes(name, spec, first.exported)
        except ObsError as error:
            errors.append(f"source {name}: {error}")
            continue
        for number, (objects, series) in found.items():
            size = sizes[number]
            size.objects = dict(Counter(size.objects) + Counter(objects))
            size.series += series
    each = sum(owner is None for owner in owners.values())
    return ShardSizes(tuple(sizes.values()), tuple(errors), each)
