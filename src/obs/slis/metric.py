"""Good minutes: those in which a metric of the catalogue was within a limit."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, Protocol
from weakref import ReferenceType, ref

from obs.catalogue.metric import Metric
from obs.slis.consumers import observation_of_minutes
from obs.slis.kind import Measurement, Observation
from obs.slo.minutes import MinuteShare
from obs.spec.derived_slis import MetricSli
from obs.spec.globs import escaped, is_plain, plain_name

Row = tuple[str, ...]


class Columns(Protocol):
    """The label values of a family."""

    @property
    def values(self) -> Sequence[Row]: ...


class Samples(Protocol):
    """A family of samples of one metric."""

    @property
    def metric(self) -> Metric: ...
    @property
    def rows(self) -> Columns: ...
    @property
    def values(self) -> Sequence[int | float | None]: ...


class Polled(Protocol):
    """When a poll was (Unix seconds)."""

    @property
    def at(self) -> float: ...


class SampledTracker(Protocol):
    """A source's tracker with the families of its last poll."""

    @property
    def snapshot(self) -> Polled | None: ...
    @property
    def families(self) -> Sequence[Samples]: ...


class MetricMeasurement(Measurement[MetricSli, SampledTracker]):
    """Each minute is one event; good is the share of its polls in which all series were within the
    limit. A poll without any series cannot tell, and its minute is no event.
    """

    def __init__(self, sli: MetricSli) -> None:
        super().__init__(sli)
        self._share = MinuteShare()
        self._chosen = _Chosen(sli)

    @classmethod
    def objects(cls, sli: MetricSli, tracker: SampledTracker) -> Mapping[str, MetricSli] | None:
        """By the values of the labels in `by`."""
        if tracker.snapshot is None:
            return None
        found: dict[str, MetricSli] = {}
        for family in tracker.families:
            if family.metric.name == sli.metric:
                places = [family.metric.labels.index(label) for label in sli.by]
                for index in _Chosen(sli).of(family):
                    values = [family.rows.values[index][place] for place in places]
                    own = dict(zip(sli.by, map(escaped, values), strict=True))
                    found.setdefault("/".join(values), sli.of(own))
        return found

    def observe(self, tracker: SampledTracker) -> Observation | None:
        """The minutes that this poll ended, if it ended any."""
        if tracker.snapshot is None:
            return None
        values = [
            value
            for family in tracker.families
            if family.metric.name == self.sli.metric
            for index in self._chosen.of(family)
            if (value := family.values[index]) is not None
        ]
        if not values:
            self._share.break_off()
            return None
        at = tracker.snapshot.at
        ended = self._share.observe(at, all(map(self.sli.is_good, values)))
        return observation_of_minutes(ended, at) if ended else None


class _Chosen:
    """The rows of the series that an SLI selects; looked for again only where they change."""

    def __init__(self, sli: MetricSli) -> None:
        where = {sli.labels_of_source: escaped(sli.source), **sli.where}
        self._names = {k: plain_name(glob) or "" for k, glob in where.items() if is_plain(glob)}
        self._globs = {k: glob for k, glob in where.items() if not is_plain(glob)}
        self._known: ReferenceType[Columns] | None = None
        self._indexes: tuple[int, ...] = ()

    def of(self, family: Samples) -> tuple[int, ...]:
        """Indexes of the rows."""
        if self._known is None or self._known() is not family.rows:
            self._indexes = tuple(self._search(family))
            self._known = ref(family.rows)
        return self._indexes

    def _search(self, family: Samples) -> Iterator[int]:
        place = family.metric.labels.index
        names = [(place(label), name) for label, name in self._names.items()]
        globs = [(place(label), glob) for label, glob in self._globs.items()]
        for index, row in enumerate(family.rows.values):
            if all(row[at] == name for at, name in names) and all(
                fnmatchcase(row[at], glob) for at, glob in globs
            ):
                yield index


MEASUREMENT: Final = MetricMeasurement
