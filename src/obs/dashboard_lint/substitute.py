"""Queries with a value in place of each variable, so that they can be parsed.

The value is a duration between brackets, and elsewhere a name that tells which variable it was.
Where that does not parse, the values that the dashboard has for the variable may.
"""

import re
from collections.abc import Iterator
from typing import Final

from obs.dashboard_lint.durations import with_values
from obs.dashboard_lint.model import Dashboard, Variable
from obs.dashboards.interpolate import (
    Chosen,
    for_query,
    interval_scope,
    referenced,
    time_scope,
)
from obs.dashboards.json_values import mapping, mappings, text, unquoted

STAND_IN: Final = "variable_standing_for_"
RATE_INTERVAL: Final = 999_983
INTERVAL: Final = 999_979
RANGE: Final = 999_961
"""Seconds for $__rate_interval, $__interval and $__range; improbable in a written query."""

_BUILT_IN: Final = {
    **time_scope(0, RANGE, ("now-6h", "now")),
    **interval_scope(INTERVAL, RATE_INTERVAL),
}
_IN_BRACKETS: Final = re.compile(r"\[(?!\[)[^\[\]]*\]|\boffset\s+-?\S+")
_DURATION: Final = "5m"


def stand_in(name: str) -> str:
    """The name in place of this variable."""
    return f"{STAND_IN}{name}"


def substituted(query: str, dashboard: Dashboard) -> Iterator[str]:
    """The query with its variables replaced in several ways, the likeliest first."""
    names = [name for name in referenced(query) if name not in _BUILT_IN]
    if not names:
        yield for_query(query, _BUILT_IN)
        return
    durations = {
        name
        for piece in _IN_BRACKETS.findall(unquoted(query).replace("[[", "${").replace("]]", "}"))
        for name in referenced(piece)
    }
    guessed = {name: _DURATION if name in durations else stand_in(name) for name in names}
    known = {name: _known_value(dashboard.variable(name)) or guessed[name] for name in names}
    numbers = {name: _DURATION if name in durations else "1" for name in names}
    for values in (guessed, known, numbers, dict.fromkeys(names, _DURATION)):
        yield for_query(
            query, {**_BUILT_IN, **{name: Chosen((value,)) for name, value in values.items()}}
        )


def with_durations(query: str) -> str:
    """A query without variables, with values in place of arithmetic on durations."""
    return with_values(query, INTERVAL, RANGE, (RATE_INTERVAL, INTERVAL, RANGE))


def free(query: str) -> tuple[str, ...]:
    """Variables outside strings and ranges, which stand for a piece of syntax."""
    names = referenced(_IN_BRACKETS.sub("[5m]", unquoted(query)))
    return tuple(name for name in names if name not in _BUILT_IN)


def is_open(query: str, dashboard: Dashboard) -> bool:
    """Whether the query's syntax depends on variables whose values are unknown."""
    return any(not _known_value(dashboard.variable(name)) for name in free(query))


def _known_value(variable: Variable | None) -> str:
    """A value of the variable that the dashboard knows; empty without any."""
    if variable is None:
        return ""
    current = mapping(variable.json.get("current")).get("value")
    chosen = current[0] if isinstance(current, list) and current else current
    options = [text(option.get("value")) for option in mappings(variable.json.get("options"))]
    first = variable.query.partition(",")[0].strip() if variable.type != "query" else ""
    return next(
        (value for value in (text(chosen), *options, first) if value and "$" not in value), ""
    )
