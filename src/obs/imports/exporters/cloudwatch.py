"""Metrics of CloudWatch that an exporter reads, as an AWS source of ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from obs.catalogue import ALL
from obs.catalogue.metric import Metric
from obs.durations import format_duration
from obs.imports.exporters.imported import ImportedSources, sources_text
from obs.imports.exporters.services import FIELDS, PACKS
from obs.imports.findings import Findings, Section
from obs.spec.aws import AwsSource
from obs.spec.cloudwatch_metrics import ExportedMetric, clashes
from obs.spec.tree import FilePlace

MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A statistic of a metric that an exporter reads, and where that is written.

    `dimensions` are all of the series', as values or globs. `period` in seconds. `name`: what the
    exporter calls it. `zero`: it shows 0 where CloudWatch has nothing.
    """

    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]
    period: float
    place: FilePlace
    name: str
    zero: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """How an account is signed in to."""

    role_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where metrics are read: regions, accounts, and how late (seconds; None: as by default)."""

    regions: tuple[str, ...]
    accounts: tuple[Account, ...]
    delay: float | None = None


@dataclass(slots=True)
class Gathered:
    """What is read of each place, in the order of the files. `tags` are those that select what is
    watched."""

    metrics: dict[Place, list[Asked]] = field(default_factory=dict)
    tags: dict[Place, dict[str, str]] = field(default_factory=dict)
    tag_labels: dict[Place, list[str]] = field(default_factory=dict)
    refused: int = 0
    """Metrics that were not taken over."""
    nameless: int = 0
    """Of these, those that are in no place."""

    def summary(self, sources: int) -> str:
        """How many metrics were taken over."""
        number = sum(map(len, self.metrics.values())) + self.nameless
        plural = "" if sources == 1 else "s"
        return (
            f"{number - self.refused} of {number} metrics taken over, in {sources} source{plural}"
        )

    def refuse(self) -> None:
        """One metric is in no place."""
        self.refused += 1
        self.nameless += 1

    def add(self, place: Place, asked: Iterable[Asked]) -> None:
        """Read these there."""
        self.metrics.setdefault(place, []).extend(asked)


def imported(gathered: Gathered, origin: str, findings: Findings, *, kept: str) -> ImportedSources:
    """The spec of what was gathered. `kept`: what to know of metrics that keep the names that the
    exporter has for them; empty where they have ours."""
    sources = sources_of(gathered, findings, keep_names=bool(kept))
    text = sources_text(origin, "aws", sources) if sources else None
    for asked in list(gathered.metrics.values())[:1]:
        if kept:
            findings.note(asked[0].place, kept)
    return ImportedSources(text, tuple(findings.in_order()), gathered.summary(len(sources)))


def sources_of(
    gathered: Gathered, findings: Findings, *, keep_names: bool
) -> dict[str, dict[str, Any]]:
    """The sources by name. `keep_names`: metrics go by the exporter's names.

    What obs watches by itself, with alerts and pages, is an entry of `metrics` for these only.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, (place, asked) in enumerate(gathered.metrics.items(), 1):
        name = "aws" if len(gathered.metrics) == 1 else f"aws{number}"
        watched = list(_watched(asked, findings))
        others = [each for each in asked if keep_names or each not in watched]
        source = {
            **_signed_in(place),
            **_watching(watched),
            **({"delay": format_duration(place.delay)} if place.delay is not None else {}),
            **({"tags": tags} if (tags := gathered.tags.get(place)) else {}),
            **({"tag_labels": keys} if (keys := gathered.tag_labels.get(place)) else {}),
        }
        metrics = list(_entries(others, findings, gathered, keep_names=keep_names))
        found[name] = {**source, **({"metrics": metrics} if metrics else {})}
        _tell_packs(name, asked, findings)
        _check(name, found[name], asked[0].place, findings)
    return found


def twin_of(asked: Asked) -> Metric | None:
    """Our own metric of the same series and statistic; None where there is none."""
    for metric in ALL:
        aws = metric.aws
        if aws and (aws.namespace, aws.metric, aws.statistic) == (
            asked.namespace,
            asked.metric,
            asked.statistic,
        ):
            return metric
    return None


def _watched(asked: Sequence[Asked], findings: Findings) -> Iterator[Asked]:
    """Those that obs watches by itself, each told with its name."""
    for each in asked:
        fields, dimension = FIELDS.get(each.namespace, ("", ""))
        twin = twin_of(each)
        if twin is None or set(each.dimensions) != {dimension}:
            continue
        findings.note(each.place, f"{each.name} is {twin.name} in obs, watched by {fields}")
        yield each


def _watching(watched: Sequence[Asked]) -> dict[str, Any]:
    """The fields that watch these; no rules where none is read."""
    rules = any(each.namespace == "AWS/Events" for each in watched)
    found: dict[str, Any] = {} if rules else {"buses": []}
    for each in watched:
        name, dimension = FIELDS[each.namespace]
        glob = each.dimensions[dimension]
        if name == "buses":
            continue
        globs = found.setdefault(name, [])
        if glob not in globs:
            globs.append(glob)
    return {key: ["*"] if isinstance(of, list) and "*" in of else of for key, of in found.items()}


def _signed_in(place: Place) -> dict[str, Any]:
    one, *more = place.regions
    regions: dict[str, Any] = {"regions": [one, *more]} if more else {"region": one}
    accounts = [
        {
            **({"role_arn": each.role_arn} if each.role_arn else {}),
            **({"external_id": each.external_id} if each.external_id else {}),
        }
        for each in place.accounts
    ]
    if len(accounts) <= 1:
        return {**regions, **(accounts[0] if accounts else {})}
    named = [{"name": _account_name(n, of), **of} for n, of in enumerate(accounts, 1)]
    return {**regions, "accounts": named}


def _account_name(number: int, account: Mapping[str, str]) -> str:
    parts = account.get("role_arn", "").split(":")
    return parts[4] if len(parts) > 4 and parts[4] else f"account{number}"


def _entries(
    asked: Sequence[Asked], findings: Findings, gathered: Gathered, *, keep_names: bool
) -> Iterator[dict[str, Any]]:
    """The entries of `metrics`; what obs refuses is told."""
    kept: list[tuple[Asked, ExportedMetric]] = []
    seen: set[str] = set()
    for each in asked:
        entry = _entry(each, keep_names=keep_names)
        if repr(entry) in seen:
            continue
        seen.add(repr(entry))
        try:
            metric = ExportedMetric.model_validate(entry)
        except ValidationError as error:
            gathered.refused += 1
            findings.lost(each.place, f"{each.name} is left out: {error.errors()[0]['msg']}")
            continue
        clash = list(clashes([*((None, known) for _, known in kept), (each, metric)]))
        if clash:
            gathered.refused += 1
            findings.lost(each.place, f"{each.name} is left out: {clash[0][1]}")
            continue
        kept.append((each, metric))
        if not keep_names:
            findings.note(each.place, f"{each.name} is {metric.exported_metric.name} in obs")
        yield entry


def _entry(asked: Asked, *, keep_names: bool) -> dict[str, Any]:
    gap = "heartbeat" if asked.zero else "level"
    return {
        "namespace": asked.namespace,
        "name": asked.metric,
        "statistic": asked.statistic,
        **({"dimensions": dict(asked.dimensions)} if asked.dimensions else {}),
        **({"period": format_duration(asked.period)} if asked.period != MINUTE else {}),
        **({"unit": "None", "exported_as": asked.name, "missing": gap} if keep_names else {}),
        **({"missing": gap} if asked.zero and not keep_names and not _adds_up(asked) else {}),
    }


def _adds_up(asked: Asked) -> bool:
    return asked.statistic in ("Sum", "SampleCount")


def period_of(section: Section, key: str, seconds: float) -> float:
    """A period that obs reads, in seconds; another is told."""
    if seconds and not seconds % MINUTE and not 86_400 % seconds:
        return seconds
    longer = next((each for each in (60.0, 300.0, 900.0, 3600.0) if each >= seconds), 86_400.0)
    section.lost(
        key,
        f"a period is whole minutes of which a day has a whole number; it is "
        f"{format_duration(longer)} now",
    )
    return longer


def _tell_packs(source: str, asked: Sequence[Asked], findings: Findings) -> None:
    told: set[str] = set()
    for each in asked:
        pack = PACKS.get(each.namespace)
        if pack and pack not in told:
            told.add(pack)
            findings.note(
                each.place,
                f"packs.{pack} has metrics, alerts and a page for {each.namespace}: add `packs: "
                f"{{{pack}: {{source: {source}}}}}` and remove its metrics here",
            )


def _check(name: str, source: Mapping[str, Any], place: FilePlace, findings: Findings) -> None:
    try:
        AwsSource.model_validate(dict(source))
    except ValidationError as error:
        for each in error.errors():
            where = ".".join(map(str, each["loc"]))
            findings.lost(place, f"correct sources.aws.{name}.{where}: {each['msg']}")
