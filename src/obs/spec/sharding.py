"""The part of a system that the collector of one shard runs.

Sources, SLOs and metrics that belong to other shards are left out; of streams, rules and queues the
sources' rooms leave out what is not in the `share` of their spec.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from obs.errors import BadInput
from obs.spec.composites import part_keys
from obs.spec.shard import Identity, Place, Portion, Shard
from obs.spec.sli import Key
from obs.spec.slos import Slo
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System


def of_shard(system: System, shard: Shard | None) -> System:
    """What the shard runs; the system itself without one.

    Raises BadInput where an SLO counts over objects of several shards.
    """
    if shard is None:
        return system
    share = Portion(shard, _together(system))
    slos = tuple(_slos(system, share))
    measured = {slo.sli.measured.source for slo in slos if not slo.by_rules}
    sources = {
        kind: {
            name: spec.of_share(replace(share, source=name))
            for name, spec in system.sources.of(kind).items()
            if spec.has_part(share, measured=name in measured)
        }
        for kind in SOURCE_KINDS
    }
    update: dict[str, Any] = {
        "slos": slos,
        "sources": system.sources.model_copy(update=sources),
        "state_dir": f"{system.state_dir}/{shard.folder}",
    }
    part = system.model_copy(update=update)
    part.take_share(share)
    return part


def shards_of_slos(system: System, shard: Shard) -> Mapping[Key, int | None]:
    """By service and name, the shard that evaluates each SLO of the collector; None: each its own
    objects. Raises BadInput as `of_shard`."""
    share = Portion(shard, _together(system))
    return _owners({(x.service, x.name): x for x in system.slos if not x.by_rules}, share)


def _together(system: System) -> frozenset[Identity]:
    """The streams and buses whose objects one SLO counts."""
    places = (_place(slo) for slo in system.slos if not slo.by_rules)
    return frozenset(each for each in places if isinstance(each, tuple) and len(each) == 3)


def _slos(system: System, share: Portion) -> Iterator[Slo]:
    """Those that rules evaluate are on every shard: none does anything about them."""
    owners = _owners({(x.service, x.name): x for x in system.slos if not x.by_rules}, share)
    for slo in system.slos:
        number = owners.get((slo.service, slo.name))
        if number is None or (share.shard and number == share.shard.number):
            yield slo


def _owners(slos: Mapping[Key, Slo], share: Portion) -> dict[Key, int | None]:
    owners: dict[Key, int | None] = {}
    for group in _groups(slos):
        bound = {key: number for key in group if (number := _bound(slos[key], share)) is not None}
        if len(set(bound.values())) > 1:
            raise BadInput(_spread(slos, group, bound))
        for key in group:
            if _place(slos[key]) is Place.EACH:
                owners[key] = None
            else:
                first = share.number_of(("", "slo", *min(group)))
                owners[key] = next(iter(bound.values()), first)
    return owners


def _bound(slo: Slo, share: Portion) -> int | None:
    """The shard that an SLO needs; None where any will do, or each."""
    place = _place(slo)
    if isinstance(place, tuple):
        return share.number_of(place)
    return 1 if place is Place.FIRST else None


def _place(slo: Slo) -> Identity | Place:
    try:
        return slo.sli.measured.place()
    except ValueError as error:
        where = f"SLO {slo.service}/{slo.name}"
        raise BadInput(f"{where}: {error}; --shard cannot evaluate it") from None


def _groups(slos: Mapping[Key, Slo]) -> list[frozenset[Key]]:
    """SLOs that must be on one shard, because one of them is made of others."""
    group: dict[Key, frozenset[Key]] = {key: frozenset({key}) for key in slos}
    for key, slo in slos.items():
        for part in part_keys(slo.sli, slo.service):
            if part in group:
                merged = group[key] | group[part]
                group.update(dict.fromkeys(merged, merged))
    return list(dict.fromkeys(group.values()))


def _spread(slos: Mapping[Key, Slo], group: frozenset[Key], bound: Mapping[Key, int]) -> str:
    whole = next(key for key in sorted(group) if slos[key].sli.measured.part_names())
    parts = ", ".join(f"{'/'.join(key)} (shard {bound[key]})" for key in sorted(bound))
    return (
        f"SLO {'/'.join(whole)}: its parts are evaluated by several shards: {parts}; count it by "
        "rules of your Prometheus (engine: rules), or run it in a collector without --shard"
    )
