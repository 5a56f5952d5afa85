"""Thresholds of panels: those of the tuned alerts that name the panel."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.alert import Alert, TunedAlert
from obs.alerts.conditions.condition import Condition
from obs.alerts.definitions import alerts_of
from obs.alerts.tuning import tuned_alerts
from obs.dashboards.theme import GOOD, NEUTRAL, SEVERITY
from obs.spec.quantity import format_duration
from obs.spec.system import System

ThresholdStep = dict[str, Any]

PLAIN: Final[tuple[ThresholdStep, ...]] = ({"color": NEUTRAL, "value": None},)
"""Of what is neither good nor bad."""
_MARKUP: Final = re.compile(r"[$\[\]{}*<>&`|~\\\n]")
ABOVE_NOTHING: Final = 1e-9
"""Stands for «> 0»: Grafana colours a value that reaches a step, and 0 must not."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Tuned alerts by the key of the panel that shows what they compare.

    `defined` are all alerts that the system may have, those that its spec has disabled among them.
    """

    by_panel: dict[str, tuple[TunedAlert, ...]]
    defined: tuple[Alert, ...]

    def names(self, key: str) -> bool:
        """Whether an alert names the panel."""
        return any(alert.panel == key for alert in self.defined)

    def alerts(self, key: str) -> tuple[TunedAlert, ...]:
        """The alerts of a panel, those of single objects last; none where it has none."""
        return self.by_panel.get(key, ())

    def alert(self, key: str) -> TunedAlert | None:
        """The first alert of a panel that is about all its objects."""
        return next((tuned for tuned in self.alerts(key) if not tuned.only), None)

    def condition(self, key: str) -> Condition:
        """What the alert of a panel compares, also where the spec has disabled the alert.

        Raises ValueError where no alert names the panel.
        """
        tuned = self.alert(key)
        if tuned is not None:
            return tuned.when
        for alert in self.defined:
            if alert.panel == key:
                return alert.when
        raise ValueError(f"no alert names the panel {key}")

    def is_on_too_little(self, key: str) -> bool:
        """Whether the alert of a panel fires below its threshold."""
        return _is_lower(self.condition(key))

    def steps(self, key: str) -> list[ThresholdStep]:
        """Threshold steps: those of the alerts about all objects."""
        return steps(tuned for tuned in self.alerts(key) if not tuned.only)

    def described(self, key: str, words: str) -> str:
        """A panel's description: the words, and a line on each of its alerts."""
        alerts = "\n".join(_line(tuned) for tuned in self.alerts(key))
        return f"{words}\n\n{alerts}" if alerts else words


def thresholds_of(system: System) -> Thresholds:
    """The limits of a system as its spec tunes them."""
    by_panel: dict[str, tuple[TunedAlert, ...]] = {}
    for tuned in tuned_alerts(system):
        key = tuned.alert.panel
        by_panel[key] = (*by_panel.get(key, ()), tuned)
    return Thresholds(by_panel, tuple(alerts_of(system).values()))


def steps(alerts: Iterable[TunedAlert]) -> list[ThresholdStep]:
    """Steps of Grafana's thresholds, from the least: the first has no value.

    Alerts on too little colour what is below their threshold, others what is above.
    """
    high: dict[float, str] = {}
    low: dict[float, str] = {}
    for tuned in alerts:
        value = step_value(tuned.when)
        if value is not None:
            side = low if _is_lower(tuned.when) else high
            side[value] = SEVERITY[tuned.severity]
    bounds = sorted(low)
    colours = [*(low[bound] for bound in bounds), GOOD]
    rising = [
        {"color": colour, "value": value}
        for colour, value in zip(colours, [None, *bounds], strict=True)
    ]
    return [*rising, *({"color": high[value], "value": value} for value in sorted(high))]


def step_value(when: Condition) -> float | None:
    """The step that stands for a condition's threshold; None for one that is no quantity."""
    limit = when.panel_limit()
    if limit is None or limit.side == "at":
        return None
    return limit.value if limit.side == "below" else limit.value or ABOVE_NOTHING


def _is_lower(when: Condition) -> bool:
    """Whether it fires below its threshold."""
    limit = when.panel_limit()
    return limit is not None and limit.side == "below"


def _line(tuned: TunedAlert) -> str:
    whom = ", ".join(_MARKUP.sub(_entity, value) for _, value in tuned.only)
    held = f" for {format_duration(tuned.hold)}" if tuned.hold else ""
    words = tuned.when.words()
    what = f" {words.comparison}" if words.comparison and not words.is_state else ""
    return f"Alert {tuned.name}{f' ({whom})' if whom else ''}:{what}{held}, {tuned.severity}."


def _entity(found: re.Match[str]) -> str:
    """A character of a name, in which neither Markdown nor Grafana finds a meaning."""
    return f"&#{ord(found[0])};"


def from_one(colour: str, below: str = GOOD) -> list[ThresholdStep]:
    """Steps, which belong to no alert, of what should not be: a count is coloured from 1 on."""
    return [{"color": below, "value": None}, {"color": colour, "value": 1}]
