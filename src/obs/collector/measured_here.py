"""Which SLOs this collector measures, and since when."""

from collections.abc import Collection

from obs.collector.objectives import Objectives
from obs.families.family import Family
from obs.families.slo import asked_family, asked_of_objects

_Key = tuple[str, str]


class MeasuredHere:
    """SLOs whose sources are all polled here, by name and service."""

    def __init__(self, objectives: Objectives, polled: Collection[str], now: float) -> None:
        """`polled`: the names of the sources; `now` in Unix seconds."""
        self._objectives = objectives
        self._polled = polled
        self._began = now
        self._since: dict[_Key, float] = {}

    def go_on(self, before: "MeasuredHere") -> None:
        """What was measured before a change of the spec has been so since then."""
        self._since = before.since()

    def since(self) -> dict[_Key, float]:
        """Since when (Unix seconds) each is measured."""
        return {each: self._since.get(each, self._began) for each in self._keys()}

    def families(self) -> list[Family]:
        """The same, exposed; also of single objects of an SLO over many."""
        every = [each for each in self._objectives.all if each.of and each.source in self._polled]
        families = [asked_family(self.since())]
        if every:
            of_objects = [(each.slo.name, each.slo.service, each.of) for each in every]
            families.append(asked_of_objects(of_objects, [each.asked_since for each in every]))
        return families

    def _keys(self) -> list[_Key]:
        """Without single objects."""
        every = [each for each in self._objectives.all if not each.of]
        named = [(each.slo.name, each.slo.service, each.sources) for each in every]
        named += self._objectives.without_objects()
        return [
            (name, service)
            for name, service, sources in named
            if all(source in self._polled for source in sources)
        ]
