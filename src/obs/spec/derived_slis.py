"""SLIs of what obs has measured already: a metric against a limit, and several SLOs together."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from obs.spec.alerts import LabelName
from obs.spec.globs import plain_name
from obs.spec.metric_limits import metric_named, parsed, shown, source_kind_of
from obs.spec.model import Glob, Matching, Name, wrong
from obs.spec.quantity import NotBoolean
from obs.spec.report import did_you_mean
from obs.spec.shard import Identity, Place
from obs.spec.sli import SliSpec
from obs.spec.watched import Named


def _text(written: object) -> object:
    if isinstance(written, int | float) and not isinstance(written, bool):
        return str(written)[:50]
    return written


LimitText = Annotated[
    str,
    Field(min_length=1, max_length=40),
    BeforeValidator(_text),
    WithJsonSchema({"type": ["string", "number"], "examples": ["10GB", "30s", "80%", 100]}),
]
"""A limit as it is written: a number, with the unit that the metric has."""
PartName = Annotated[
    str,
    Field(max_length=129),
    Matching(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?$",
        "NAME or SERVICE/NAME of an SLO",
    ),
]
"""An SLO that another one is made of."""
Weight = Annotated[float, Field(gt=0, le=1_000_000), NotBoolean]
"""How much a part counts."""


class MetricSli(SliSpec):
    """Good minutes: those in which a metric of the catalogue was below or above a limit."""

    source_kind = "nats"
    counts_minutes = True

    source: Name
    """Source whose series are compared."""
    metric: Annotated[str, Field(min_length=1, max_length=128)]
    """Name of a gauge of the catalogue, for example nats_stream_bytes."""
    where: Annotated[dict[LabelName, Glob], Field(max_length=10)] = {}
    """Labels of the series, values by name or glob (default: all of the source); of several, all
    have to be within the limit."""
    below: LimitText | None = None
    """Good below this limit, in the metric's unit: 10GB, 30s, 80% or a number."""
    above: LimitText | None = None
    """Good above this limit."""
    by: Annotated[tuple[LabelName, ...], Field(max_length=5)] = ()
    """Labels: each combination of their values has an SLO of its own."""

    def in_words(self) -> str:
        """What is counted, for people."""
        metric, which = metric_named(self.metric), "below" if self.below is not None else "above"
        of = ", ".join(f"{label} {glob}" for label, glob in self.where.items())
        return f"{self.metric}{f' of {of}' if of else ''} {which} {shown(self._limit, metric)}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch by name."""
        return ()

    def kind_of_source(self) -> str:
        """That of the metric."""
        return source_kind_of(metric_named(self.metric))

    @property
    def labels_of_source(self) -> str:
        """The label that has the source's name."""
        return self.kind_of_source()

    @property
    def each(self) -> str:
        """The labels that tell the objects apart."""
        return "/".join(self.by)

    def place(self) -> Identity | Place:
        """That of the one object that `where` names; of objects of every shard there is none."""
        labels = metric_named(self.metric).labels
        kind = next((each for each in ("stream", "rule", "queue") if each in labels), None)
        if kind is None:
            return Place.FIRST
        if kind in self.by:
            return Place.EACH
        of = "bus" if kind == "rule" else kind
        name = plain_name(self.where.get(of, "*"))
        if name is None:
            raise ValueError(
                f"{self.metric} is of {kind}s of several shards; name one {of} in where, or write "
                f"by: [{kind}]"
            )
        return (self.source, kind, name)

    def of(self, own: dict[str, str]) -> Self:
        """The SLI of one of its objects."""
        return self.model_copy(update={"where": {**self.where, **own}, "by": ()})

    def is_good(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return value < self._limit if self.below is not None else value > self._limit

    @cached_property
    def _limit(self) -> float:
        written = self.above if self.below is None else self.below
        return parsed(written or "", metric_named(self.metric))

    @model_validator(mode="after")
    def _fits_the_metric(self) -> Self:
        if (self.below is None) == (self.above is None):
            raise wrong("needs below or above, and not both")
        try:
            metric = metric_named(self.metric)
        except ValueError as error:
            raise wrong(str(error), "metric") from None
        for field in ("where", "by"):
            for label in getattr(self, field):
                if label not in metric.labels or label == source_kind_of(metric):
                    known = [each for each in metric.labels if each != source_kind_of(metric)]
                    hint = did_you_mean(label, known) or f"; it has {', '.join(known)}"
                    raise wrong(f"{self.metric} has no label {label!r}{hint}", field)
        try:
            parsed((self.above if self.below is None else self.below) or "", metric)
        except ValueError as error:
            raise wrong(str(error), "above" if self.below is None else "below") from None
        return self


class CompositeSli(SliSpec):
    """Minutes of several SLOs together: as good as the worst of them, or as their weighted mean."""

    source_kind = "nats"
    counts_minutes = True
    anywhere = True  # where its parts are

    source: Literal[""] = ""
    """Not to be written: it is measured by the sources of its parts."""
    parts: Annotated[tuple[PartName, ...], Field(min_length=1, max_length=50, alias="of")]
    """SLOs: NAME, or SERVICE/NAME of another service. None that has `by`."""
    mode: Literal["all", "weighted"] = "all"
    """all: a minute is as good as its worst part; weighted: as the weighted mean of its parts."""
    weights: dict[PartName, Weight] = {}
    """Of `weighted`: weight of each part, by its name in `of` (default: 1)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        how = "all of" if self.mode == "all" else "weighted mean of"
        return f"minutes of {how} {', '.join(self.parts)}"

    def names(self) -> tuple[Named, ...]:
        """None: its parts name what they measure."""
        return ()

    def part_names(self) -> tuple[str, ...]:
        """Its parts."""
        return self.parts

    @property
    def weights_in_order(self) -> tuple[float, ...]:
        """A weight for each part; none where the worst part counts."""
        if self.mode == "all":
            return ()
        return tuple(self.weights.get(each, 1.0) for each in self.parts)

    @model_validator(mode="after")
    def _weighs_its_parts(self) -> Self:
        if len(set(self.parts)) < len(self.parts):
            raise wrong("names an SLO twice; write each once", "of")
        if self.weights and self.mode != "weighted":
            raise wrong("needs mode: weighted", "weights")
        for name in self.weights:
            if name not in self.parts:
                hint = did_you_mean(name, self.parts) or f"; it has {', '.join(self.parts)}"
                raise wrong(f"{name!r} is not in of{hint}", "weights")
        return self
