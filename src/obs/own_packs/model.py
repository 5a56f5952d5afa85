"""What a pack's YAML file says."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from obs.alerts.quantities.gauges import Across
from obs.catalogue.foreign import USUAL_BUCKETS
from obs.spec.alerts import LabelName, Threshold
from obs.spec.model import Glob, Matching, Model, wrong
from obs.spec.quantity import Duration, NotBoolean, within

MetricName = Annotated[
    str,
    Field(max_length=256),
    Matching(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", "a metric's name, for example orders_total"),
]
Key = Annotated[
    str,
    Field(max_length=40),
    Matching(r"^[a-z][a-z0-9_]*$", "small letters, digits and _, starting with a letter"),
]
"""A name that addresses are made of."""
AlertName = Annotated[
    str,
    Field(max_length=60),
    Matching(r"^[A-Z][A-Za-z0-9]*$", "words run together, for example OrdersFailing"),
]
Line = Annotated[str, Field(min_length=1, max_length=1_000)]
"""A sentence."""
Labels = Annotated[tuple[LabelName, ...], Field(min_length=1, max_length=10)]
Window = Annotated[Duration, within("1m", "7d")]
_FIVE_MINUTES: Final = 300.0


class Named:
    """A metric's name alone stands for all of its series."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(cls._series, handler(source))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "examples": ["orders_total"]}, handler(schema)]}

    @staticmethod
    def _series(written: object) -> object:
        return {"metric": written} if isinstance(written, str) else written


class OwnMetric(Model):
    """A metric that an exporter has."""

    kind: Literal["gauge", "counter", "histogram"]
    """Its type: a counter only grows; a histogram has the series NAME_bucket, _count and _sum."""
    labels: Labels
    """Labels that tell its objects apart or that quantities select by."""
    help: Line
    """What it is, as a sentence."""
    unit: Literal["seconds", "bytes", "ratio", "percent", "dollars"] | None = None
    """Unit of its values (default: what the name ends in; else a plain number)."""
    buckets: Annotated[tuple[float, ...], Field(min_length=2, max_length=100)] = USUAL_BUCKETS
    """Upper bounds of a histogram's buckets, rising and without infinity."""
    exporter: Line | None = None
    """What exports it, where every system that uses the pack has it: `obs check` asks Prometheus
    for it (default: it is not asked for)."""

    @model_validator(mode="after")
    def _buckets_rise(self) -> "OwnMetric":
        if "buckets" in self.model_fields_set:
            if self.kind != "histogram":
                raise wrong(f"a {self.kind} has no buckets; remove them", "buckets")
            if list(self.buckets) != sorted(set(self.buckets)) or self.buckets[0] <= 0:
                raise wrong("write rising numbers above 0, without infinity", "buckets")
        return self


class OwnSeries(Model):
    """Series of a metric."""

    metric: MetricName
    """The metric, which `metrics` declares."""
    where: dict[LabelName, Glob] = {}
    """Labels that the series have, as values or globs: {status: "5??"} (default: all series)."""
    leave_out: Annotated[dict[LabelName, Glob], Field(alias="except")] = {}
    """Labels of series that are left out, as values or globs: {path: /health} (default: none)."""


class OwnValue(OwnSeries):
    """A gauge's present value."""

    across: Across = "max"
    """How one value is made of those of an object's series."""


class OwnCounted(OwnSeries):
    """What a counter or a histogram counted in a window."""

    window: Window = _FIVE_MINUTES
    """Over how long."""


class OwnPercentile(OwnCounted):
    """A percentile of a histogram."""

    percent: Annotated[float, Field(gt=0, lt=100), NotBoolean]
    """How many percent of the observations are below the value."""


class OwnForecast(OwnSeries):
    """What a gauge will be if it goes on as it has."""

    ahead: Annotated[Duration, within("1m", "366d")]
    """How long from now."""
    window: Annotated[Duration, within("1m", "30d")] = 6 * 3_600.0
    """By its values of how long."""
    across: Across = "min"
    """How one value is made of those of an object's series."""


class OwnPercent(Model):
    """A part in percent of a whole, or of itself and the rest beside it."""

    part: Annotated[OwnSeries, Named]
    """The series that are the part."""
    whole: Annotated[OwnSeries, Named] | None = None
    """The series of which it is a part."""
    rest: Annotated[OwnSeries, Named] | None = None
    """Instead of the whole: the series beside the part, misses for example where it is hits."""
    window: Window = _FIVE_MINUTES
    """Over how long counters are counted."""

    @model_validator(mode="after")
    def _of_one(self) -> "OwnPercent":
        if (self.whole is None) == (self.rest is None):
            raise wrong("write either whole or rest beside part")
        return self


class OwnQuantity(Model):
    """A value of each object, composed of metrics; exactly one kind."""

    value: Annotated[OwnValue, Named] | None = None
    """A gauge's present value."""
    rate: Annotated[OwnCounted, Named] | None = None
    """A counter's growth per second."""
    growth: Annotated[OwnCounted, Named] | None = None
    """By how much a counter grew in a window."""
    percent: OwnPercent | None = None
    """A part in percent of its whole; counters by their rates, gauges by their values."""
    percentile: OwnPercentile | None = None
    """A percentile of a histogram's observations."""
    mean: Annotated[OwnCounted, Named] | None = None
    """The mean of a histogram's observations."""
    forecast: OwnForecast | None = None
    """What a gauge will be some time from now."""
    age: Annotated[OwnSeries, Named] | None = None
    """How long ago the moment was whose Unix time a gauge has."""
    time_left: Annotated[OwnSeries, Named] | None = None
    """How long it is until the moment whose Unix time a gauge has."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "OwnQuantity":
        if len(self.model_fields_set) != 1:
            kinds = ", ".join(type(self).model_fields)
            raise wrong(f"write exactly one of {kinds}")
        return self

    @property
    def kind(self) -> str:
        """The field that it has."""
        return next(iter(self.model_fields_set))


class OwnLeast(Model):
    """How much has to happen for an alert to mean anything."""

    quantity: Key
    """The quantity that says how much happens."""
    least: Annotated[float, Field(gt=0), NotBoolean]
    """How much is enough, in the quantity's unit."""


class OwnAlert(Model):
    """An alert on a quantity of each object."""

    severity: Literal["critical", "warning", "info"]
    """critical pages, warning needs attention during working hours, info is for information."""
    by: Labels
    """Labels that tell the objects apart; the last one names the object."""
    quantity: Key
    """What is compared."""
    above: Threshold | None = None
    """It fires above this; a duration where the quantity is a time."""
    below: Threshold | None = None
    """It fires below this."""
    given: OwnLeast | None = None
    """Only where so much happens (default: always)."""
    hold: Annotated[Duration, within("0s", "12h"), Field(alias="for")] = _FIVE_MINUTES
    """How long it has to last before the alert fires."""
    keep_firing: Annotated[Duration, within("0s", "12h")] = 1_800.0
    """How long it goes on firing while its series are missing."""
    summary: Line
    """What is wrong, as a sentence without values."""
    description: Line
    """The same of one object: {LABEL} for each label of `by`, {value}, {threshold}, {window}."""
    why: Line
    """Why this threshold."""
    panel: Key
    """The panel of the page that shows the quantity."""
    runbook: Annotated[str, Field(min_length=1, max_length=50_000)] | None = None
    """What to do, as Markdown (default: the file runbooks/NAME.md beside the pack)."""

    @model_validator(mode="after")
    def _one_side(self) -> "OwnAlert":
        if (self.above is None) == (self.below is None):
            raise wrong("write either above or below", "" if self.above is None else "below")
        return self


class OwnStat(Model):
    """A number at the top of the page."""

    title: Line
    """Title of the panel."""
    quantity: Key
    """What it shows, of all chosen objects together."""
    total: Literal["sum", "max", "min", "avg", "count"] = "max"
    """How one number is made of those of the objects."""
    description: Line | None = None
    """What it tells, as a sentence (default: what the metric is)."""
    above: Annotated[float, NotBoolean] | None = None
    """Show how many objects are above this, coloured from one on (default: the number itself)."""
    below: Annotated[float, NotBoolean] | None = None
    """Show how many objects are below this, coloured from one on (default: the number itself)."""

    @model_validator(mode="after")
    def _one_side(self) -> "OwnStat":
        if self.above is not None and self.below is not None:
            raise wrong("write either above or below", "below")
        return self


class OwnPanel(Model):
    """A panel over time."""

    title: Line
    """Title of the panel."""
    quantities: Annotated[tuple[Key, ...], Field(max_length=10)] = ()
    """What it shows (default: what the alert compares that names the panel)."""
    by: Labels | None = None
    """Labels that tell its lines apart (default: those of the page)."""
    description: Line | None = None
    """What it tells, as a sentence (default: what the metric is)."""


class OwnRow(Model):
    """Panels side by side, up to three in a line."""

    title: Line
    """Title above them."""
    panels: Annotated[dict[Key, OwnPanel], Field(min_length=1, max_length=24)]
    """The panels by their keys."""


class OwnPage(Model):
    """The dashboard of the pack."""

    name: Key
    """Name of the page, unique among the dashboards of the system; addresses are made of it."""
    title: Line
    """Title of the dashboard."""
    question: Line
    """The question that the page answers."""
    choose: Labels
    """Labels to choose objects by, from the general to the particular."""
    by: Labels | None = None
    """Labels that tell the objects apart (default: those of `choose`)."""
    stats: Annotated[dict[Key, OwnStat], Field(min_length=1, max_length=8)]
    """Numbers at the top, by their keys."""
    rows: Annotated[tuple[OwnRow, ...], Field(min_length=1, max_length=12)]
    """Rows of panels below."""


class PackFile(Model):
    """A pack of your own."""

    title: Annotated[str, Field(min_length=1, max_length=60)]
    """Name for people."""
    about: Annotated[str, Field(max_length=200)] = ""
    """What it watches, and by what, in a sentence."""
    metrics: Annotated[dict[MetricName, OwnMetric], Field(min_length=1, max_length=500)]
    """What it reads, by the metric's name."""
    quantities: Annotated[dict[Key, OwnQuantity], Field(max_length=200)] = {}
    """What alerts compare and panels show, by a name of your choice."""
    alerts: Annotated[dict[AlertName, OwnAlert], Field(max_length=100)] = {}
    """Alerts by name."""
    page: OwnPage
    """The dashboard."""
