"""An alert's description, with the values that are known before it fires filled in."""

from collections.abc import Callable
from typing import Final

from obs.alerts.alert import TunedAlert
from obs.alerts.condition import (
    Above,
    Age,
    Below,
    Burn,
    Condition,
    Equals,
    ErrorRate,
    Increase,
    Overdue,
    Quiet,
    Share,
)
from obs.catalogue.query import number
from obs.spec.quantity import format_duration

ValueForm = str
"""How an alert's value is shown: `duration`, `percent`, `share` (a ratio), `rate` or `count`."""

NEVER: Final = ", none since the collector started"
_FORMS: Final = {"seconds": "duration", "percent": "percent", "ratio": "share"}


def described(tuned: TunedAlert, fill: Callable[[str], str]) -> str:
    """The description; `fill` gives the text of a label and of what is known when it fires.

    That is `value`, `exhaustion` and `never`, which is empty once a source has been polled.
    """
    words = _Words(fill, threshold=threshold_text(tuned.when), window=window_text(tuned.when))
    words["hold"] = format_duration(tuned.hold)
    return tuned.alert.description.format_map(words)


def value_form(when: Condition) -> ValueForm:
    """How the value of a condition is shown."""
    match when:
        case Burn():
            return "rate"
        case Overdue():
            return "duration"
        case _:
            return _FORMS.get(getattr(when, "unit", ""), "count")


def threshold_text(when: Condition) -> str:
    """The threshold with its unit, for people; empty where there is none."""
    match when:
        case Above() | Below() | Share() | Increase() | Quiet() | ErrorRate() | Age():
            return quantity(when.threshold, value_form(when))
        case Burn():
            return number(when.factor)
        case Overdue(percent=percent):
            return f"{number(percent)} % of stale_after"
        case _:
            return ""


def comparison(when: Condition) -> str:
    """The comparison that makes the alert fire, for lists."""
    match when:
        case Below() | Quiet():
            return f"< {threshold_text(when)}{_within(when)}"
        case Equals():
            return f"= {number(when.value)}"
        case Burn():
            return f"> {number(when.factor)} over {when.long} and {when.short}"
        case _:
            text = threshold_text(when)
            return f"> {text}{_within(when)}" if text else ""


def window_text(when: Condition) -> str:
    """The window of the condition; empty where there is none."""
    if isinstance(when, Burn):
        return when.long
    window = getattr(when, "window", 0)
    return format_duration(window) if window else ""


def quantity(value: float, form: ValueForm) -> str:
    """A threshold in the form of a value."""
    match form:
        case "duration":
            return format_duration(value)
        case "percent":
            return f"{number(value)} %"
        case "share":
            return f"{number(100 * value)} %"
        case _:
            return number(value)


def _within(when: Condition) -> str:
    text = window_text(when)
    return f" in {text}" if text else ""


class _Words(dict[str, str]):
    """Values by placeholder; `fill` gives those that are not known before the alert fires."""

    def __init__(self, fill: Callable[[str], str], **known: str) -> None:
        super().__init__(known)
        self._fill = fill

    def __missing__(self, name: str) -> str:
        return self._fill(name)
