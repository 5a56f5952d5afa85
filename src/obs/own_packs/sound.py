"""What the alerts and pages of a pack have to be, whatever it is written in."""

import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter
from typing import Final

from obs.alerts.alert import Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.samples import Level
from obs.alerts.quantities import Percentile
from obs.alerts.tuning import unfit_threshold
from obs.catalogue.query import number
from obs.own_packs.problems import Place
from obs.packs.pack import Pack
from obs.packs.page import Lines, PackPage
from obs.spec.alerts import Limit
from obs.spec.report import Problem, did_you_mean

_ALERT: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,59}")
_PAGE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_PANELS: Final = 25
_ALWAYS: Final = ("value", "threshold", "window", "hold")
Found = tuple[str, str, str, str]
"""What is wrong; kind and name of the thing, and its field."""
OfAlert = Iterator[tuple[str, str]]
"""What is wrong, and the field of the alert."""


def unsound(pack: Pack, place: Place) -> Iterator[Problem]:
    """What is wrong with a pack in itself."""
    return (place(*found) for found in _found(pack))


def _found(pack: Pack) -> Iterator[Found]:
    names = Counter(alert.name for alert in pack.alerts)
    yield from (("is there twice", "alerts", name, "") for name, n in names.items() if n > 1)
    for alert in pack.alerts:
        for why, field in _of_alert(alert, pack):
            yield why, "alerts", alert.name, field
    for page in pack.pages:
        yield from _of_page(page, pack)
    declared = {series for metric in pack.metrics for series in metric.series}
    for alert in pack.alerts:
        for metric in alert.when.metrics():
            if metric.name not in declared:
                why = f"reads {metric.name}, which metrics does not have"
                yield why, "alerts", alert.name, ""


def _of_alert(alert: Alert, pack: Pack) -> OfAlert:
    if not _ALERT.fullmatch(alert.name):
        yield "is not a name; write words run together, for example OrdersFailing", ""
    if not isinstance(alert.severity, Severity):
        yield "is not one of Severity.CRITICAL, WARNING and INFO", "severity"
    if "{" in alert.summary:
        yield "has a brace; write values into the description", "summary"
    yield from _of_description(alert)
    if alert.about.name not in alert.about.labels:
        yield f"is about {alert.about.name}, which is none of its labels", ""
    for metric in alert.when.metrics():
        for label in alert.about.labels:
            if label not in metric.labels:
                yield f"reads {metric.name}, which has no label {label}", ""
    keys = [f"{page.name}/{panel.key}" for page in pack.pages for panel in _panels(page)]
    if alert.panel not in keys:
        hint = did_you_mean(alert.panel, keys) or f"; there are {', '.join(keys)}"
        yield f"no page has the panel {alert.panel}{hint}", "panel"
    if isinstance(alert.when, Beyond):
        yield from _of_condition(alert, alert.when)


def _of_description(alert: Alert) -> OfAlert:
    """Braces that a rule has no value for."""
    known = (*alert.about.labels, *_ALWAYS)
    try:
        parts = list(Formatter().parse(alert.description))
    except ValueError:
        yield "has a single brace; write {LABEL}, or {{ for a brace", "description"
        return
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion:
            yield f"has a format in {{{name}}}; write {{{name}}} alone", "description"
        elif name not in known and isinstance(alert.when, Beyond):
            hint = did_you_mean(name, known) or f"; it may have {', '.join(known)}"
            yield f"has {{{name}}}, which no object has{hint}", "description"


def _of_condition(alert: Alert, when: Beyond) -> OfAlert:
    side = "above" if when.operator == ">" else "below"
    if when.by != alert.about.labels:
        yield f"compares by {', '.join(when.by)}; write the labels that it is about", ""
    unit, low = when.quantity.unit, when.quantity.bounds[0]
    if low >= 0 or when.threshold > 0:
        limit = Limit(when.threshold, is_duration=unit == "seconds")
        yield from ((why, side) for why in unfit_threshold(alert, limit, is_lower=side == "below"))
    if isinstance(when.quantity, Percentile) and not _within_buckets(when, when.quantity):
        bounds = when.quantity.histogram.buckets
        yield (
            f"compares with {number(when.threshold)}, but buckets are from {number(bounds[0])} to "
            f"{number(bounds[-1])}; it takes a bound below and two above",
            side,
        )


def _within_buckets(when: Beyond, quantity: Percentile) -> bool:
    """Whether buckets can tell what is beyond the threshold from what is not."""
    more, less = 1.1 * when.threshold, 0.9 * when.threshold
    if when.operator == "<":
        more, less = less, more
    reached = quantity.sampled({Level.EDGE: less, Level.BAD: more}).reached
    bad, edge = reached[Level.BAD], reached[Level.EDGE]
    if when.operator == "<":
        return bad < when.threshold <= edge
    return bad > when.threshold >= edge


def _panels(page: PackPage) -> list[Lines]:
    return [panel for row in page.rows for panel in row.panels]


def _of_page(page: PackPage, pack: Pack) -> Iterator[Found]:
    if not _PAGE.fullmatch(page.name):
        yield "is not a name; write small letters, digits and _", "pages", page.name, ""
    if not page.stats:
        yield "has no stats; write at least one number for its top", "pages", page.name, ""
    panels = _panels(page)
    if (many := len(panels) + len(page.stats)) > _MOST_PANELS:
        yield f"has {many} panels; write at most {_MOST_PANELS}", "pages", page.name, ""
    keys = Counter([*(panel.key for panel in panels), *(stat.key for stat in page.stats)])
    yield from (
        ("the page has this key twice", "page", key, "") for key, n in keys.items() if n > 1
    )
    shown = {alert.panel for alert in pack.alerts}
    known = {f"{each.name}/{panel.key}" for each in pack.pages for panel in _panels(each)}
    for panel in panels if shown <= known else ():
        if not panel.lines and f"{page.name}/{panel.key}" not in shown:
            why = "no alert names the panel, so it shows nothing; give it lines"
            yield why, "page", panel.key, ""
