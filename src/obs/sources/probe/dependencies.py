"""What a readiness answer says of the dependencies of its service."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from obs.redaction.text import one_line
from obs.snapshot.probe import DependencyStates
from obs.spec.probe_targets import ReportedDependencies, value_at

MOST: Final = 50  # dependencies of one target
_LONGEST: Final = 64  # characters of a name
_UP: Final = frozenset(
    (
        *(
            "ok",
            "okay",
            "up",
            "healthy",
            "pass",
            "passed",
            "passing",
            "ready",
            "available",
            "alive",
        ),
        *("connected", "running", "serving", "success", "green", "good", "operational", "true"),
        *("warn", "warning", "degraded"),  # works, though not well
    )
)
_DOWN: Final = frozenset(
    (
        *(
            "down",
            "fail",
            "failed",
            "failing",
            "failure",
            "error",
            "critical",
            "unhealthy",
            "false",
        ),
        *("out_of_service", "unavailable", "not_ready", "disconnected", "stopped", "red", "bad"),
        *("not_serving", "timeout", "unreachable", "offline"),
    )
)
_STATE: Final = ("status", "state", "health", "healthy", "up", "ok")
_NAME: Final = ("name", "component", "id")


def dependency_states(document: Any, spec: ReportedDependencies) -> DependencyStates | None:
    """The states of a body's dependencies; None where it has none.

    By name or as a list of objects with a name. What is too much, and a state that is no known
    word, is left out: whether it works cannot be told.
    """
    found: dict[str, bool] = {}
    left_out = Counter({"too_many": 0, "unknown_state": 0})
    written = value_at(document, spec.field)
    if not isinstance(written, Mapping | list):
        return None
    for name, value in _named(written):
        state = _is_up(value, spec.up)
        if state is None:
            left_out["unknown_state"] += 1
        elif len(found) >= MOST and name not in found:
            left_out["too_many"] += 1
        else:
            found[name] = found.get(name, True) and state
    return DependencyStates(found, dict(left_out))


def _named(written: Mapping[Any, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(written, Mapping):
        yield from ((_shown(name), value) for name, value in written.items())
        return
    for each in written:
        name = next((each.get(key) for key in _NAME if each.get(key)), None) if _is(each) else None
        yield _shown(name if isinstance(name, str) else "unnamed"), each


def _is(value: Any) -> bool:
    return isinstance(value, Mapping)


def _shown(name: object) -> str:
    return one_line(str(name), _LONGEST) or "unnamed"


def _is_up(value: Any, up: tuple[str, ...]) -> bool | None:
    """Whether a state says that it works; of several, all have to."""
    if isinstance(value, Mapping):
        below = next((value[key] for key in _STATE if key in value), None)
        return None if isinstance(below, Mapping | list) else _is_up(below, up)
    if isinstance(value, list):  # as application/health+json has it: one of each instance
        states = [_is_up(each, up) for each in value if isinstance(each, Mapping | bool | str)]
        return None if not states else False if False in states else None not in states or None
    if isinstance(value, str):
        return _means_up(value, up)
    return value if isinstance(value, bool) else None


def _means_up(state: str, up: tuple[str, ...]) -> bool | None:
    word = state.strip().lower()
    if up:
        return word in {each.lower() for each in up}
    word = word.replace(" ", "_").replace("-", "_")
    return True if word in _UP else False if word in _DOWN else None
