"""Packs in YAML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final, TypeVar

from pydantic import ValidationError

from obs.alerts.alert import About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.alerts.quantities import Quantity
from obs.alerts.tuning import unfit_threshold
from obs.catalogue.metric import Metric
from obs.own_packs.composing import Finding, metric_of, quantity_of, quantity_problems, series_of
from obs.own_packs.model import OwnAlert, OwnMetric, OwnPage, OwnQuantity, PackFile
from obs.own_packs.problems import Read
from obs.own_packs.runbooks import runbook_beside
from obs.packs.pack import Pack
from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.spec.explain import explain
from obs.spec.model import Model
from obs.spec.parse import parse
from obs.spec.report import Problem, did_you_mean, problem_at
from obs.spec.tree import Fields, Path, child, is_empty, locate, locate_key, plain

_WIDEST: Final = 10
"""Lines of a panel: the highest."""
ModelT = TypeVar("ModelT", bound=Model)


def read_yaml(path: FilePath, text: str) -> Read:
    """The pack of a YAML file, or everything that is wrong with it."""
    tree, found = parse(str(path), text, kind="pack", first="title: …")
    if tree is None:
        return Read(None, tuple(found), lambda *_: found[0])

    def at(message: str, kind: str, name: str, field: str = "") -> Problem:
        where: Path = ("page", "name") if kind == "pages" else (kind, name)
        return problem_at(locate_key(tree, (*where, field) if field else where), message)

    written = None
    problems = list(found)
    try:
        written = PackFile.model_validate(plain(tree))
        parts = _Parts(written.metrics, written.quantities, written.alerts, written.page)
    except ValidationError as error:
        problems += explain(error, tree, root=PackFile)
        parts = _sound_parts(tree)
    problems += [problem_at(locate(tree, where), why) for where, why in _findings(parts)]
    if problems or written is None:
        return Read(None, tuple(problems), at)
    runbooks, lacking = _runbooks(path, written)
    problems += [problem_at(locate_key(tree, ("alerts", name)), why) for name, why in lacking]
    pack = _Composing(written, runbooks).pack()
    problems += [problem_at(locate(tree, where), why) for where, why in _thresholds(written, pack)]
    return Read(pack, tuple(problems), at)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a file has of each kind; None for what is not sound."""

    metrics: Mapping[str, OwnMetric | None]
    quantities: Mapping[str, OwnQuantity | None]
    alerts: Mapping[str, OwnAlert | None]
    page: OwnPage | None


def _sound_parts(tree: Fields) -> _Parts:
    return _Parts(
        _each(OwnMetric, tree, "metrics"),
        _each(OwnQuantity, tree, "quantities"),
        _each(OwnAlert, tree, "alerts"),
        _sound(OwnPage, tree, "page"),
    )


def _each(model: type[ModelT], tree: Fields, name: str) -> Mapping[str, ModelT | None]:
    entries = tree.fields.get(name)
    if not isinstance(entries, Fields):
        return {}
    return {key: _sound(model, entries, key) for key in entries.fields}


def _sound(model: type[ModelT], tree: Fields, name: str) -> ModelT | None:
    node = child(tree, name)
    if node is None or is_empty(node):
        return None
    try:
        return model.model_validate(plain(node))
    except ValidationError:
        return None


def _findings(parts: _Parts) -> Iterator[Finding]:
    """Names that stand for nothing, and what does not fit together."""
    for name, quantity in parts.quantities.items():
        if quantity is not None:
            for path, why in quantity_problems(quantity, parts.metrics):
                yield ("quantities", name, *path), why
    for name, alert in parts.alerts.items():
        if alert is not None:
            yield from _of_alert(("alerts", name), alert, parts)
    if parts.page is not None:
        yield from _of_page(parts.page, parts)


def _of_alert(path: Path, alert: OwnAlert, parts: _Parts) -> Iterator[Finding]:
    yield from _quantity_with((*path, "quantity"), alert.quantity, alert.by, parts, (*path, "by"))
    if alert.given is not None:
        at = (*path, "given", "quantity")
        yield from _quantity_with(at, alert.given.quantity, alert.by, parts)
    if parts.page is not None:
        keys = [key for row in parts.page.rows for key in row.panels]
        if alert.panel not in keys:
            hint = did_you_mean(alert.panel, keys) or f"; it has {', '.join(keys)}"
            yield (*path, "panel"), f"the page has no panel {alert.panel}{hint}"


def _quantity_with(
    path: Path, name: str, labels: tuple[str, ...], parts: _Parts, by: Path | None = None
) -> Iterator[Finding]:
    """That there is such a quantity, and that its objects are told apart by these labels.

    `by` is where the labels are written, if beside it.
    """
    if name not in parts.quantities:
        hint = did_you_mean(name, parts.quantities) or "; declare it there"
        yield path, f"quantities has no {name}{hint}"
        return
    quantity = parts.quantities[name]
    for _, series in series_of(quantity) if quantity is not None else ():
        metric = parts.metrics.get(series.metric)
        for label in labels:
            if metric is not None and label not in metric.labels:
                hint = did_you_mean(label, metric.labels) or "; add it to the metric's labels"
                yield by or path, f"{name} reads {series.metric}, which has no label {label}{hint}"


def _of_page(page: OwnPage, parts: _Parts) -> Iterator[Finding]:
    by = page.by or page.choose
    for label in page.choose:
        if all(parts.metrics.values()) and _chosen_by(label, parts.metrics) is None:
            yield ("page", "choose"), f"no metric has the label {label}"
    for key, stat in page.stats.items():
        yield from _quantity_with(("page", "stats", key, "quantity"), stat.quantity, by, parts)
    seen = set(page.stats)
    named = _named_panels(page, parts)
    for index, row in enumerate(page.rows):
        for key, panel in row.panels.items():
            at: Path = ("page", "rows", index, "panels", key)
            if key in seen:
                yield at, "the page has this key already; choose another"
            seen.add(key)
            for number, name in enumerate(panel.quantities):
                yield from _quantity_with((*at, "quantities", number), name, panel.by or by, parts)
            if not panel.quantities and named is not None and key not in named:
                yield at, "no alert names the panel, so it shows nothing; write quantities"


def _named_panels(page: OwnPage, parts: _Parts) -> set[str] | None:
    """The panels that alerts name; None where one is misspelt, or an alert is not sound."""
    alerts = parts.alerts.values()
    named = {each.panel for each in alerts if each}
    keys = {key for row in page.rows for key in row.panels}
    return named if all(alerts) and named <= keys else None


def _thresholds(written: PackFile, pack: Pack) -> Iterator[Finding]:
    """Numbers where the alert compares a time, and the reverse."""
    for alert in pack.alerts:
        own = written.alerts[alert.name]
        field, limit = ("below", own.below) if own.above is None else ("above", own.above)
        assert isinstance(alert.when, Beyond)
        assert limit is not None
        if limit.is_duration != (alert.when.quantity.unit == "seconds"):
            is_lower = field == "below"
            for why in unfit_threshold(alert, limit, is_lower=is_lower):
                yield ("alerts", alert.name, field), why


def _chosen_by(label: str, metrics: Mapping[str, OwnMetric | None]) -> str | None:
    return next((name for name, each in metrics.items() if each and label in each.labels), None)


def _runbooks(path: FilePath, written: PackFile) -> tuple[Mapping[str, str], list[tuple[str, str]]]:
    """The runbook of each alert, and of which there is none."""
    texts: dict[str, str] = {}
    lacking: list[tuple[str, str]] = []
    for name, alert in written.alerts.items():
        text, why = (alert.runbook, "") if alert.runbook else runbook_beside(path, name)
        texts[name] = text
        if why:
            lacking.append((name, why))
    return texts, lacking


class _Composing:
    """Makes the pack of a sound file."""

    def __init__(self, written: PackFile, runbooks: Mapping[str, str]) -> None:
        self._written = written
        self._runbooks = runbooks
        self._metrics = {name: metric_of(name, each) for name, each in written.metrics.items()}
        self._quantities = {
            name: quantity_of(each, self._metrics) for name, each in written.quantities.items()
        }

    def pack(self) -> Pack:
        """The pack."""
        written = self._written
        return Pack(
            written.title,
            "",
            tuple(self._metrics.values()),
            tuple(self._alert(name, each) for name, each in written.alerts.items()),
            (self._page(written.page),),
            tuple(
                (self._metrics[name], each.exporter)
                for name, each in written.metrics.items()
                if each.exporter
            ),
            about=written.about,
        )

    def _alert(self, name: str, written: OwnAlert) -> Alert:
        limit = written.below if written.above is None else written.above
        assert limit is not None
        given = written.given
        return Alert(
            name,
            Severity(written.severity),
            About(written.by[-1], written.by),
            Beyond(
                self._quantities[written.quantity],
                "<" if written.above is None else ">",
                limit.value,
                written.by,
                Traffic(self._quantities[given.quantity], given.least) if given else None,
            ),
            written.hold,
            written.summary,
            written.description,
            written.why,
            f"{self._written.page.name}/{written.panel}",
            written.keep_firing,
            self._runbooks[name],
        )

    def _page(self, page: OwnPage) -> PackPage:
        by = page.by or page.choose
        return PackPage(
            page.name,
            page.title,
            page.question,
            [(label, self._metric_with(label)) for label in page.choose],
            by,
            [
                Stat(
                    key,
                    each.title,
                    self._quantities[each.quantity],
                    each.description or self._help(each.quantity),
                    each.total,
                    each.above,
                    each.below,
                )
                for key, each in page.stats.items()
            ],
            [
                Row(
                    row.title,
                    [
                        Lines(
                            key,
                            each.title,
                            [Line(*self._line(name, each.quantities)) for name in each.quantities],
                            each.description or "",
                            each.by,
                            _WIDEST,
                        )
                        for key, each in row.panels.items()
                    ],
                )
                for row in page.rows
            ],
        )

    def _line(self, name: str, names: tuple[str, ...]) -> tuple[Quantity, str]:
        return self._quantities[name], name.replace("_", " ") if len(names) > 1 else ""

    def _help(self, quantity: str) -> str:
        return self._quantities[quantity].metrics()[0].help

    def _metric_with(self, label: str) -> Metric:
        name = _chosen_by(label, self._written.metrics)
        assert name is not None
        return self._metrics[name]
