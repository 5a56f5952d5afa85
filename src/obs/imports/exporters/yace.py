"""The configuration of YACE (v1alpha1) as AWS sources."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.imports.exporters.cloudwatch import Account, Asked, Gathered, Place, imported, period_of
from obs.imports.exporters.imported import ImportedSources
from obs.imports.exporters.options import Option, tell
from obs.imports.exporters.services import ALIASES, DIMENSIONS, FIELDS
from obs.imports.findings import Findings, Section
from obs.spec.tree import Fields, Items, Scalar

_ONCE: Final = "obs reads the newest complete period, once a period"
_SCRAPED: Final = "samples have the time of their scrape"
_LABELS: Final = "add labels where Prometheus scrapes obs; `tag_labels` takes those of AWS"
OPTIONS: Final = (
    Option("apiVersion"),
    Option("sts-region", told="obs signs in to STS of the source's region"),
    Option("jobs", "sources.aws", within="discovery"),
    Option("exportedTagsOnMetrics", "sources.aws.NAME.tag_labels", within="discovery"),
    Option("type", "sources.aws.NAME.metrics[].namespace", within="job"),
    Option("name", within="job"),
    Option("namespace", "sources.aws.NAME.metrics[].namespace", within="job"),
    Option("regions", "sources.aws.NAME.regions", within="job"),
    Option("roles", "sources.aws.NAME.accounts", within="job"),
    Option("searchTags", "sources.aws.NAME.tags", within="job"),
    Option("customTags", told=_LABELS, lost=True, within="job"),
    Option("dimensionNameRequirements", "sources.aws.NAME.metrics[].dimensions", within="job"),
    Option("dimensions", "sources.aws.NAME.metrics[].dimensions", within="job"),
    Option("metrics", "sources.aws.NAME.metrics", within="job"),
    Option("roundingPeriod", told=_ONCE, within="job"),
    Option("recentlyActiveOnly", told="obs lists what CloudWatch lists", within="job"),
    Option(
        "includeContextOnInfoMetrics",
        told="obs has no info metric of a resource; its label aws names the source",
        lost=True,
        within="job",
    ),
    Option(
        "enhancedMetrics", told="obs reads CloudWatch, not the service", lost=True, within="job"
    ),
    Option("statistics", "sources.aws.NAME.metrics[].statistic", within="metric"),
    Option("period", "sources.aws.NAME.metrics[].period", within="metric"),
    Option("length", told=_ONCE, within="metric"),
    Option("delay", "sources.aws.NAME.delay", within="metric"),
    Option("nilToZero", "sources.aws.NAME.metrics[].missing", within="metric"),
    Option("addCloudwatchTimestamp", told=_SCRAPED, lost=True, within="metric"),
    Option("exportAllDataPoints", told=_SCRAPED, lost=True, within="metric"),
)
"""Those within a metric may stand in its job, too."""

_PERIOD: Final = 300.0
_PLAIN: Final = re.compile(r"\^?([A-Za-z0-9 _./:+@=-]+)\$?")
_APART: Final = re.compile(r"[ ,\t/\\.\-:=@<>()“]")
_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WHOLE: Final = "AWS/Events"


def is_yace(document: Fields) -> bool:
    """Whether a document is a configuration of YACE."""
    return any(key in document.fields for key in ("discovery", "static", "customNamespace"))


def import_yace(
    documents: Sequence[Fields], origin: str, findings: Findings, *, keep_names: bool
) -> ImportedSources:
    """The sources that these configurations say."""
    gathered = Gathered()
    for document in documents:
        _read(Section(document, findings), gathered)
    return imported(
        gathered,
        origin,
        findings,
        kept="metrics keep YACE's names; their labels are ours: queue_name for dimension_QueueName"
        if keep_names
        else "",
    )


def _read(document: Section, gathered: Gathered) -> None:
    tell(document, OPTIONS, "")
    tags: dict[str, list[str]] = {}
    if discovery := document.section("discovery"):
        tags = _exported_tags(discovery)
        for job in discovery.sections("jobs"):
            _discovery(job, gathered, tags)
        discovery.tell_unread()
    for job in document.sections("static"):
        _job(job, gathered, job.text("namespace") or "", _pairs(job, "dimensions"))
    for job in document.sections("customNamespace"):
        namespace = job.text("namespace") or ""
        _job(job, gathered, namespace, _required(job, namespace))
    document.tell_unread()


def _discovery(job: Section, gathered: Gathered, tags: dict[str, list[str]]) -> None:
    written = job.text("type") or ""
    namespace = ALIASES.get(written, written)
    place = _job(job, gathered, namespace, _required(job, namespace))
    if place is None:
        return
    watched = namespace in FIELDS
    for key, value in (_pairs(job, "searchTags", "key") or {}).items():
        plain = _PLAIN.fullmatch(value)
        if watched and plain:
            gathered.tags.setdefault(place, {})[key] = plain[1]
        else:
            job.lost(
                "searchTags",
                f"{key}: obs selects these by name, with globs in `dimensions`; only what it "
                "watches by itself can be selected by tags with one value",
            )
    for key in tags.get(written, tags.get(namespace, [])):
        if watched and key not in gathered.tag_labels.setdefault(place, []):
            gathered.tag_labels[place].append(key)


def _exported_tags(discovery: Section) -> dict[str, list[str]]:
    below = discovery.section("exportedTagsOnMetrics")
    found = {name: list(_texts(below, name)) for name in below.node.fields} if below else {}
    for name in found:
        namespace = ALIASES.get(name, name)
        if below and namespace not in FIELDS:
            below.lost(name, "tag_labels are of what obs watches by itself: no tags for `metrics`")
    return found


def _job(
    job: Section, gathered: Gathered, namespace: str, dimensions: dict[str, str] | None
) -> Place | None:
    """The metrics of a job; None where nothing of it can be read."""
    tell(job, OPTIONS, "job")
    shared = _settings(job, _Settings())
    regions, metrics = tuple(_texts(job, "regions")), job.sections("metrics")
    accounts = tuple(_account(each) for each in job.sections("roles"))
    job.tell_unread()
    if not namespace or not regions or not metrics:
        job.lost("", "is left out: a job has a type or namespace, regions and metrics")
        return None
    place = Place(regions, accounts, shared.delay)
    for metric in metrics:
        settings, name = _settings(metric, shared), metric.text("name")
        metric.tell_unread()
        if not name or dimensions is None:
            gathered.refuse()
            metric.lost(
                "",
                "is left out: the dimensions of its series are not known; add "
                "dimensionNameRequirements to the job and import again",
            )
            continue
        if settings.delay != shared.delay:
            metric.lost("delay", "a source has one delay: that of its job is taken")
        gathered.add(place, _asked(metric, namespace, name, dimensions, settings))
    return place if place in gathered.metrics else None


def _asked(
    metric: Section,
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    settings: "_Settings",
) -> Iterator[Asked]:
    for statistic in settings.statistics:
        yield Asked(
            namespace,
            name,
            statistic,
            dimensions,
            settings.period,
            metric.place("name"),
            exporter_name(namespace, name, statistic),
            settings.zero,
        )


def exporter_name(namespace: str, metric: str, statistic: str) -> str:
    """What YACE calls a metric: beginnings that the namespace has already are left out."""
    service, words = _words(namespace.removeprefix("/").lower()), _words(metric)
    left = 0
    for part in service.split("_"):
        if words[left:].startswith(part):
            left = len(part)
    first = "" if service.startswith("aws") else "aws_"
    return f"{first}{service}_{words[left:].removeprefix('_')}_{_words(statistic)}"


def _words(text: str) -> str:
    return _APART.sub("_", _BORDER.sub("_", text)).replace("%", "_percent").lower()


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a job says for its metrics, and a metric for itself; times in seconds."""

    statistics: tuple[str, ...] = ()
    period: float = _PERIOD
    delay: float | None = None
    zero: bool = False


def _settings(section: Section, shared: _Settings) -> _Settings:
    tell(section, OPTIONS, "metric")
    period, delay, zero = (
        section.number("period"),
        section.number("delay"),
        section.truth("nilToZero"),
    )
    return _Settings(
        tuple(_texts(section, "statistics")) or shared.statistics,
        shared.period if period is None else period_of(section, "period", period),
        shared.delay if delay is None else delay,
        shared.zero if zero is None else zero,
    )


def _required(job: Section, namespace: str) -> dict[str, str] | None:
    """The dimensions of a job's series, any value of each; None where they are not known."""
    names = tuple(_texts(job, "dimensionNameRequirements"))
    if not names and namespace in DIMENSIONS:
        names = DIMENSIONS[namespace]
        if namespace != _WHOLE:
            job.note("type", f"series of {', '.join(names)} alone; YACE takes any dimensions")
    return dict.fromkeys(names, "*") if names else None


def _account(role: Section) -> Account:
    found = Account(role.text("roleArn") or "", role.text("externalId") or "")
    role.tell_unread()
    return found


def _pairs(section: Section, key: str, name: str = "name") -> dict[str, str] | None:
    found: dict[str, str] = {}
    for each in section.sections(key):
        one, value = each.text(name), each.text("value")
        if one is not None and value is not None:
            found[one] = value
    return found


def _texts(section: Section, key: str) -> Iterator[str]:
    section.known(key)
    value: Any = section.node.fields.get(key)
    for each in value.items if isinstance(value, Items) else ():
        if isinstance(each, Scalar) and each.value is not None:
            yield str(each.value)
