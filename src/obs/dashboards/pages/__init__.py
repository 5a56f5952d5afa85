"""The pages, a module each; `watched` makes the panel that belongs to an alert."""

from collections.abc import Mapping
from dataclasses import replace

from grafanalib import core

from obs.dashboards.alert_expression import compared, unit
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.panels import Legend, lines


def watched(
    site: BuildContext,
    scope: VariableScope,
    key: str,
    title: str,
    words: str,
    legend: str,
    look: FieldOptions,
    *,
    colours: Mapping[str, str] | None = None,
    form: Legend = "table",
) -> core.TimeSeries:
    """What the alert of this panel compares, with its threshold drawn and told."""
    when = site.limits.condition(key)
    return lines(
        key,
        title,
        site.limits.described(key, words),
        [Query(compared(scope, when), legend)],
        limited(site, key, look),
        legend=form,
        colours=colours,
    )


def limited(site: BuildContext, key: str, look: FieldOptions) -> FieldOptions:
    """The look with the threshold steps of a panel's alerts, in the unit of what they compare."""
    return replace(look, unit=unit(site.limits.condition(key)), steps=site.limits.steps(key))


def or_silent(reason: str) -> str:
    """Why a panel may be empty, the source's silence always being another reason."""
    return f"{reason}, or its source is silent: see Collector"
