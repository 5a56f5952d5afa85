"""A condition in words: its threshold, comparison and window, and how its value is shown."""

from dataclasses import dataclass
from typing import Final, Literal

from obs.catalogue.query import number
from obs.spec.quantity import format_duration

Unit = Literal[
    "ratio",
    "messages",
    "seconds",
    "percent",
    "events",
    "bytes",
    "replicas",
    "assets",
    "replays",
    "number",
    "requests",
    "connections",
    "calls",
    "tokens",
    "dollars",
    "per second",
    "bytes per second",
]
ValueForm = Literal["duration", "percent", "share", "rate", "count", "number", "dollars"]
"""How an alert's value is shown; a share is a ratio."""

_FORMS: Final[dict[Unit, ValueForm]] = {
    "seconds": "duration",
    "percent": "percent",
    "ratio": "share",
    "number": "number",
    "per second": "number",
    "bytes per second": "number",
    "dollars": "dollars",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A condition for people; texts are empty where the condition has no such thing.

    `comparison` makes the alert fire: `> 5 in 5m`. `is_state`: it compares with the number of a
    state, which says nothing to a reader.
    """

    form: ValueForm = "count"
    threshold: str = ""
    comparison: str = ""
    window: str = ""
    is_state: bool = False


def threshold_words(operator: str, threshold: float, unit: Unit, window: float = 0) -> Words:
    """The words of a quantity that is compared with a threshold, over a window of seconds."""
    form = _FORMS.get(unit, "count")
    text = quantity(threshold, form)
    over = format_duration(window) if window else ""
    within = f" in {over}" if over else ""
    return Words(form, text, f"{operator} {text}{within}", over)


def quantity(value: float, form: ValueForm) -> str:
    """A threshold in the form of a value."""
    match form:
        case "duration":
            return format_duration(value)
        case "percent":
            return f"{number(value)} %"
        case "share":
            return f"{number(100 * value)} %"
        case "dollars":
            return f"${number(value)}"
        case "rate" | "count" | "number":
            return number(value)
