"""SLOs of others in our words, and the check that each is one of ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from obs.alerts.definitions import BY_NAME
from obs.alerts.tuning import refused_label
from obs.durations import format_duration
from obs.errors import BadInput
from obs.ids import short_digest
from obs.imports.findings import Findings, Labels, Section
from obs.imports.queries import DEFAULT_RANGE, Counts, NoCount, at, by_selectors, counts
from obs.spec.alerts import Override
from obs.spec.model import HttpUrl, Name
from obs.spec.slos import Slo
from obs.spec.tree import FilePlace

FAST: Final = "SloBudgetBurnsFast"
SLOW: Final = "SloBudgetBurnsSlowly"
EXHAUSTED: Final = "SloBudgetExhausted"
MONTH: Final = 30 * 86_400.0
"""Seconds of the window where theirs has none."""

_LONGEST_NAME: Final = 64
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)
_URL: Final[TypeAdapter[str]] = TypeAdapter(HttpUrl)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chooses: the source that SLIs use, its URL (None: as the files say), whether
    to count by plain selectors where they mean the same."""

    source: str
    url: str | None = None
    selectors: bool = False


@dataclass(frozen=True, slots=True)
class ImportedSlo:
    """An SLO as the spec writes it; `remarks` become comments above it.

    `tuning` has the settings of each alert that differ for this SLO. `whole`: nothing was lost.
    """

    fields: Mapping[str, Any]
    place: FilePlace
    whole: bool
    remarks: tuple[str, ...] = ()
    tuning: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> tuple[str, str]:
        """Service and name."""
        return str(self.fields["service"]), str(self.fields["name"])


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read: SLOs, URLs of the sources that they name, and how many SLOs were refused."""

    slos: tuple[ImportedSlo, ...]
    urls: Mapping[str, str]
    refused: int


def check_source(name: str, url: str | None) -> None:
    """Raises BadInput where the spec accepts no Prometheus source of this name and URL."""
    for option, value, check in (("--source", name, _NAME), ("--url", url, _URL)):
        try:
            if value is not None:
                check.validate_python(value)
        except ValidationError as error:
            raise BadInput(f"{option}: {error.errors()[0]['msg']}") from None


def valid_slos(slos: Iterable[ImportedSlo], findings: Findings) -> Iterator[ImportedSlo]:
    """Those that the spec accepts; why not for each other one."""
    seen: dict[tuple[str, str], FilePlace] = {}
    for slo in slos:
        try:
            Slo.model_validate(dict(slo.fields))
            for override in slo.tuning.values():
                Override.model_validate({"slo": slo.id[1], **override})
        except ValidationError as error:
            for each in error.errors():
                where = ".".join(map(str, each["loc"]))
                findings.lost(slo.place, f"is left out: {where}: {each['msg']}")
            continue
        if slo.id in seen:
            first = seen[slo.id]
            findings.lost(
                slo.place,
                f"is left out: {'/'.join(slo.id)} is also at {first.file}:{first.line}; rename one",
            )
            continue
        seen[slo.id] = slo.place
        yield slo


def as_name(section: Section, key: str, text: str) -> str:
    """A text as a name: other characters become hyphens, a long one is cut; both are told."""
    kept = "".join(
        each if each.isascii() and (each.isalnum() or each in "_.-") else "-" for each in text
    )
    name = kept.strip("-_.")
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 9].rstrip('-_.')}-{short_digest(text)}"
    if name != text:
        section.lost(key, f"{text!r} is no name in obs; it is {name} now")
    return name


def alert_labels(findings: Findings, labels: Labels, alert: str) -> dict[str, Any]:
    """The labels as settings of an alert. `severity` is one where obs has a severity of that name;
    labels that obs sets itself are told."""
    settings: dict[str, Any] = {}
    kept: dict[str, str] = {}
    for name, (value, place) in labels.items():
        if name == "severity" and value in ("critical", "warning", "info"):
            settings["severity"] = value
        elif name == "severity":
            findings.lost(
                place,
                f"{value!r} is none of critical, warning and info; {alert} keeps "
                "its own severity: route by that or by another label",
            )
        elif why := _refused(name, alert):
            findings.lost(place, f"the alerts do not have this label: {why}")
        else:
            kept[name] = value
    return {**settings, **({"labels": kept} if kept else {})}


def _refused(name: str, alert: str) -> str:
    if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit():
        return "it is no name of a Prometheus label"
    return refused_label(BY_NAME[alert], name)


def events_sli(
    section: Section, queries: tuple[str, str], options: Options, *, good: bool
) -> dict[str, Any]:
    """The SLI that counts two queries, those for good or bad events and for all.

    Where they do not count events that add up, each minute has their ratio, which is told.
    """
    kind = "good" if good else "bad"
    try:
        found = counts(*queries)
    except NoCount as error:
        section.lost("", f"a query {error}: minutes count, each with the ratio over its last 5m")
        return ratio_sli(f"({queries[0]})\n/\n({queries[1]})", options, good=good)
    if not found.alone:
        section.lost("", "measures each series of the query; obs counts all of them together")
    chosen = (options.selectors and by_selectors(found)) or found
    return {"prometheus": events_of(chosen, kind, options)}


def events_of(found: Counts, kind: str, options: Options) -> dict[str, Any]:
    """The fields of an SLI that counts events by two queries; `kind` is good or bad."""
    seconds = {} if found.seconds == DEFAULT_RANGE else {"range": format_duration(found.seconds)}
    return {"source": options.source, kind: found.counted, "total": found.total, **seconds}


def ratio_sli(
    ratio: str, options: Options, *, good: bool, seconds: float = DEFAULT_RANGE
) -> dict[str, Any]:
    """The SLI of minutes that each have a ratio, of errors or of good events."""
    query = at(ratio, seconds)
    errors = f"1 - ({query})" if good else query
    return {"prometheus_minutes": {"source": options.source, "error_ratio": errors}}


def percent(ratio: float) -> float:
    """A ratio in percent, without what binary fractions add: 0.999 is 99.9."""
    return float(f"{ratio * 100:.12g}")


def overrides(slos: Sequence[ImportedSlo]) -> dict[str, list[dict[str, Any]]]:
    """The alerts' overrides, as the spec writes them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for slo in slos:
        service, name = slo.id
        for alert, settings in slo.tuning.items():
            if settings:
                entry = {"slo": name, "slo_service": service, **settings}
                found.setdefault(alert, []).append(entry)
    return found
