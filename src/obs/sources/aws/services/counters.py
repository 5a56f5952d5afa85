"""The counters of functions, topics, …, and their gauges as they are."""

from collections.abc import Callable

from obs.catalogue.metric import Kind
from obs.families.family import Family, RowCache, whole
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.aws_services import Resource, ResourceKey, ServiceData
from obs.sources.aws.counters import CounterKind, Counters
from obs.sources.aws.services.kinds import BY_KEY, KINDS
from obs.state import State


class ResourceCounters(Counters[ResourceKey]):
    """Counters of every resource of one source."""

    kind = CounterKind[ResourceKey](
        totals="aws_service_total",
        last_poll="aws_service_poll",
        words=lambda key: (key[0].kind, key[0].name, key[1]),
        key=lambda kind, name, metric: (Resource(kind, name), metric),
    )

    def __init__(
        self, source: str, state: State, on_damage: Callable[[], None], selection: str
    ) -> None:
        super().__init__(source, state, on_damage, selection)
        self._rows = RowCache()

    def update(self, snapshot: AwsSnapshot) -> list[Family]:
        """Count what is new in the snapshot's points; returns the families of its resources."""
        services = snapshot.services
        if not services.resources:
            return []
        keys = (
            (resource, metric.name)
            for resource in services.resources
            for metric in BY_KEY[resource.kind].metrics
            if metric.kind is Kind.COUNTER
        )
        self.count(snapshot, keys, services.points, services.missed, listed=snapshot.listed)
        since = self.since()
        return [family for kind in KINDS for family in self._families(kind.key, services, since)]

    def _families(self, kind: str, services: ServiceData, since: int) -> list[Family]:
        resources = [one for one in services.resources if one.kind == kind]
        if not resources:
            return []
        width = len(BY_KEY[kind].metrics[0].labels)
        rows = self._rows.rows(kind, [(self.source, one.name)[:width] for one in resources])
        families: list[Family] = []
        for metric in BY_KEY[kind].metrics:
            if metric.kind is Kind.COUNTER:
                totals = [whole(self.value((one, metric.name))) for one in resources]
                families.append(Family(metric, rows, totals, since))
            else:
                values = [services.levels.get((one, metric.name)) for one in resources]
                families.append(Family(metric, rows, values))
        return families
