"""Pages without what their system does not export: the grid closes up where a panel is left out."""

from collections.abc import Iterator
from dataclasses import replace

from grafanalib import core

from obs import catalogue
from obs.catalogue.exported import Exported
from obs.catalogue.metric import Metric
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable


def exported_page(page: Page, exported: Exported) -> Page | None:
    """The page with the panels of exported metrics; None where none is left."""
    sections = [
        replace(section, bands=bands)
        for section in page.sections
        if (bands := list(_bands(section, exported)))
    ]
    variables = {each: _variable(each, exported) for each in page.variables}
    if not sections or any(each.single and not told for each, told in variables.items()):
        return None  # a page on a single object is about nothing without it
    return replace(page, sections=sections, variables=[*filter(None, variables.values())])


def _bands(section: Section, exported: Exported) -> Iterator[Band]:
    for band in section.bands:
        kept = [panel for panel in band.panels if _is_exported(panel, exported)]
        if len(kept) == len(band.panels):
            yield band
        elif kept:
            yield Band(band.height, kept)


def _is_exported(panel: core.Panel, exported: Exported) -> bool:
    return all(exported.suffices(target.expr) for target in panel.targets)


def _variable(variable: Variable, exported: Exported) -> Variable | None:
    """The variable, of another metric that has its label where its own is not exported."""
    if variable.metric in exported:
        return variable
    known = [each for each in catalogue.ALL if _tells(each, variable, exported)]
    other = max(known, key=lambda metric: len(metric.labels), default=None)
    return replace(variable, metric=other) if other else None


def _tells(metric: Metric, variable: Variable, exported: Exported) -> bool:
    """Whether each object, or what it is part of, has the metric at all times."""
    of_objects = variable.metric.labels[: len(metric.labels)] == metric.labels
    is_always_there = not metric.absent and not metric.rare
    return metric in exported and of_objects and is_always_there and variable.label in metric.labels
