"""The result of a drill: whether exactly the expected alerts fired and resolved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from obs.alerts.definitions import BY_NAME
from obs.sandbox.alerting import Notice

WATCHDOG: Final = "ObsWatchdog"
"""It always fires, so it is left out of the result."""

_PLACEHOLDERS: Final = ("{", "<no value>", "<error", "unknown")


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that a fault must cause; `labels` are globs for those of these labels it has.

    `since`: the start of the fault, on the clock of the notices.
    """

    name: str
    labels: Mapping[str, str]
    since: float

    def is_met_by(self, notice: Notice) -> bool:
        """Whether the notice is about this alert and object."""
        return notice.name == self.name and all(
            fnmatchcase(notice.labels.get(label, glob), glob) for label, glob in self.labels.items()
        )


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """The result for an expected alert.

    `fired` is in seconds from the fault's start, `resolved` from its end; None: it did not.
    """

    alert: str
    fired: float | None
    resolved: float | None


@dataclass(frozen=True, slots=True)
class DrillReport:
    """The result of one drill; it passed if `wrong` is empty."""

    drill: str
    outcomes: tuple[AlertOutcome, ...]
    wrong: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the drill passed."""
        return not self.wrong


def all_fire(expected: Iterable[Expected], notices: Sequence[Notice]) -> bool:
    """Whether each expected alert is firing."""
    firing = [notice for notice in _latest(notices) if notice.firing]
    return all(any(map(one.is_met_by, firing)) for one in expected)


def none_fires(notices: Sequence[Notice]) -> bool:
    """Whether no alert is firing."""
    return not any(notice.firing for notice in _latest(notices))


def report(
    drill: str, expected: Sequence[Expected], notices: Sequence[Notice], *, ended: float
) -> DrillReport:
    """The result of a drill whose faults were stopped at `ended`."""
    ours = [notice for notice in notices if notice.name != WATCHDOG]
    outcomes = tuple(_outcome(one, ours, ended) for one in expected)
    wrong = [*_missing(outcomes), *_unexpected(expected, ours), *_unsteady(ours, ended)]
    wrong += [problem for notice in ours if notice.firing for problem in _text_problems(notice)]
    return DrillReport(drill, outcomes, tuple(dict.fromkeys(wrong)))


def _latest(notices: Iterable[Notice]) -> list[Notice]:
    """The last notice of each alert."""
    return list({one.alert: one for one in notices if one.name != WATCHDOG}.values())


def _outcome(expected: Expected, notices: Sequence[Notice], ended: float) -> AlertOutcome:
    about = [notice for notice in notices if expected.is_met_by(notice)]
    fired = next((notice.at - expected.since for notice in about if notice.firing), None)
    last = _latest(about)
    is_over = bool(last) and none_fires(last)
    return AlertOutcome(
        expected.name, fired, max(notice.at for notice in last) - ended if is_over else None
    )


def _missing(outcomes: Iterable[AlertOutcome]) -> Iterator[str]:
    for one in outcomes:
        if one.fired is None:
            yield f"{one.alert} did not fire"
        elif one.resolved is None:
            yield f"{one.alert} did not resolve"


def _unexpected(expected: Iterable[Expected], notices: Iterable[Notice]) -> Iterator[str]:
    for notice in notices:
        if notice.firing and not any(one.is_met_by(notice) for one in expected):
            yield f"{notice.name} fired unexpectedly for {_object(notice)}"


def _unsteady(notices: Sequence[Notice], ended: float) -> Iterator[str]:
    """An alert must resolve once, and not before its fault is stopped."""
    over = set()
    for notice in notices:
        if not notice.firing:
            over.add(notice.alert)
            if notice.at < ended:
                yield f"{notice.name} resolved while the fault was active"
        elif notice.alert in over:
            yield f"{notice.name} fired again"


def _text_problems(notice: Notice) -> Iterator[str]:
    """Missing or unfilled texts and labels of a notification."""
    alert = BY_NAME.get(notice.name)
    if alert is None:
        yield f"{notice.name} is not an alert of obs"
        return
    for label in ("severity", "system", "environment", *alert.about.labels):
        if not notice.labels.get(label):
            yield f"{notice.name} has no label {label}"
    if notice.annotations.get("summary") != alert.summary:
        yield f"{notice.name} has not the summary of its definition"
    description = notice.annotations.get("description", "")
    if not description or any(text in description for text in _PLACEHOLDERS):
        yield f"{notice.name} has an unfilled description: {description!r}"
    if not notice.annotations.get("runbook_url", "").endswith(f"/{notice.name}.md"):
        yield f"{notice.name} has no link to its runbook"


def _object(notice: Notice) -> str:
    alert = BY_NAME.get(notice.name)
    labels = alert.about.labels if alert else sorted(notice.labels)
    return ", ".join(f"{label}={notice.labels.get(label)}" for label in labels) or "no labels"
