"""Service level objectives."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from obs.durations import format_duration
from obs.spec.alerts import LabelName
from obs.spec.clocks import Zone
from obs.spec.maintenance import LocalMoment, MaintenanceWindow, check_moment
from obs.spec.model import Model, Name, wrong
from obs.spec.quantity import Duration, NotBoolean, Objective, parse_duration, within
from obs.spec.slis import Sli
from obs.spec.slo_facts import LabelValue, Link, OwnTier, Person, Slices, Tiers, same_place_twice

Calendar = Literal["week", "month", "quarter", "year"]
Missing = Literal["ignore", "bad", "good"]
NOMINAL: Final[dict[Calendar, str]] = {
    "week": "7d",
    "month": "30d",
    "quarter": "90d",
    "year": "365d",
}
"""By calendar period the length by which its burn rates are judged."""


class Slo(Model):
    """A target for the share of good events over a window, rolling or a period of the calendar."""

    name: Name
    """Name, unique within the service."""
    service: Name
    """Service that the SLO belongs to."""
    description: str = ""
    """One sentence that states the promise."""
    objective: Objective
    """Percentage of good events, above 1 and below 100, for example 99.9."""
    window: Annotated[Duration, within("1h", "400d")] = 30 * 86_400.0
    """Length of the rolling window."""
    calendar: Calendar | None = None
    """Period of the calendar, instead of `window`: the error budget is whole again when one begins.
    A week begins on Monday."""
    timezone: Zone = "UTC"
    """Time zone of `calendar`, `start` and maintenance, for example Europe/Berlin."""
    start: LocalMoment | None = None
    """When the SLO begins: events before do not count (default: it always has)."""
    maintenance: tuple[MaintenanceWindow, ...] = ()
    """Maintenance windows of this SLO, besides those of the system."""
    missing: Missing | None = None
    """What a minute without data counts as: nothing, bad or good (default: good where the SLI
    counts minutes, else nothing)."""
    sli: Sli
    """What is measured; exactly one kind."""
    slices: Slices | None = None
    """Count minutes that had enough good events, instead of events (default: events)."""
    tiers: Tiers | None = None
    """Burn-rate alerts instead of the usual ones (default: `tiers` at the top, if any)."""
    max_objects: Annotated[int, Field(ge=1, le=1_000), NotBoolean] = 100
    """Of an SLI with `by`: how many objects may have a budget of their own. Further ones are
    counted in slo_objects_dropped."""

    labels: dict[LabelName, LabelValue] = {}
    """Labels for its alerts and for slo_info, for example `domain: payments`; routes may choose by
    them."""
    team: LabelValue | None = None
    """Team that its alerts go to: the label `team`, by which routes may choose."""
    owner: Person | None = None
    """Who answers for the objective; in annotations, the status page and the report."""
    links: Link = {}
    """Further pages, by name: `runbook`, `dashboard`, …; annotations link_NAME of its alerts."""
    engine: Literal["collector", "rules"] = "collector"
    """What evaluates it: the collector, or recording rules of the server that is queried."""

    @model_validator(mode="before")
    @classmethod
    def _calendar_has_a_length(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("window") is not None:
            return data
        lengths = [text for name, text in NOMINAL.items() if name == data.get("calendar")]
        return {**data, "window": lengths[0]} if lengths else data

    @model_validator(mode="after")
    def _fits_together(self) -> "Slo":
        if self.calendar and self.window != parse_duration(NOMINAL[self.calendar]):
            raise wrong("needs window or calendar, and not both", "calendar")
        if self.start is not None:
            check_moment(self.start, "start")
        if self.missing is not None and self.sli.measured.silence_is_zero:
            raise wrong(
                f"a minute without data of {self.sli.kind} had no events, so none is missing; "
                "leave missing out",
                "missing",
            )
        if self.missing is not None and "missing" in type(self.sli.measured).model_fields:
            kind = self.sli.kind
            raise wrong(
                f"{kind} has a field of its own for that; set sli.{kind}.missing", "missing"
            )
        return self

    @model_validator(mode="after")
    def _tiers_and_slices_fit(self) -> "Slo":
        if self.slices is not None and self.sli.measured.counts_minutes:
            raise wrong(f"{self.sli.kind} counts minutes already; remove slices", "slices")
        for index, tier in enumerate(self.tiers or ()):
            if tier.long > self.window:
                longest = format_duration(self.window)
                raise wrong(f"tiers[{index}].long is longer than the window, {longest}", "tiers")
        if (twice := same_place_twice(self.tiers or ())) is not None:
            message = "has the severity and the long window of an earlier one; change one of them"
            raise wrong(f"tiers[{twice}] {message}", "tiers")
        return self

    @model_validator(mode="after")
    def _rules_can_count(self) -> "Slo":
        if self.by_rules and not self.sli.measured.has_rules:
            raise wrong(
                f"rules cannot count the events of {self.sli.kind}, which only the collector "
                "knows; write engine: collector, or leave it out",
                "engine",
            )
        for field in ("calendar", "start", "maintenance", "missing", "slices"):
            if self.by_rules and getattr(self, field):
                raise wrong(
                    f"rules know no {field}, which only the collector does; write engine: "
                    f"collector, or leave {field} out",
                    "engine",
                )
        return self

    @property
    def by_rules(self) -> bool:
        """Whether recording rules evaluate it, and the collector does not."""
        return self.engine == "rules"

    @property
    def alert_labels(self) -> tuple[tuple[str, str], ...]:
        """Labels of its alerts, sorted."""
        team = {"team": self.team} if self.team else {}
        return tuple(sorted({**self.labels, **team}.items()))

    @property
    def annotations(self) -> tuple[tuple[str, str], ...]:
        """Annotations of its alerts, sorted."""
        owner = {"owner": self.owner} if self.owner else {}
        links = {f"link_{name}": url for name, url in self.links.items()}
        return tuple(sorted({**links, **owner}.items()))

    @property
    def info_labels(self) -> tuple[tuple[str, str], ...]:
        """Labels of slo_info: those of its alerts, and its owner; sorted."""
        owner = {"owner": self.owner} if self.owner else {}
        return tuple(sorted({**dict(self.alert_labels), **owner}.items()))

    @property
    def counts_minutes(self) -> bool:
        """Whether its events are minutes."""
        return self.slices is not None or self.sli.measured.counts_minutes

    def in_words(self) -> str:
        """What is counted, for people."""
        what = self.sli.in_words()
        if self.slices is not None:
            share = f"{100 * self.slices.good_above:.10g} %"
            what = f"{format_duration(self.slices.length)} slices with {share} good {what}"
        return f"{what}, by {self.sli.measured.each}" if self.sli.measured.each else what

    def with_tiers(self, tiers: tuple[OwnTier, ...]) -> "Slo":
        """The SLO with these tiers, unless it has some of its own."""
        return self if self.tiers is not None else self.model_copy(update={"tiers": tiers})

    @property
    def window_label(self) -> str:
        """The window in a label: `30d`, or `calendar month (Europe/Berlin)`."""
        if self.calendar:
            return f"calendar {self.calendar} ({self.timezone})"
        return format_duration(round(self.window))

    @property
    def missing_counts_as(self) -> Missing:
        """What a minute without data counts as."""
        return self.missing or ("good" if self.counts_minutes else "ignore")

    @property
    def expects_minutes(self) -> bool:
        """Whether its window has as many events as minutes, those without data good ones."""
        return self.counts_minutes and self.missing_counts_as == "good"
