"""An alert's description, with the values that are known before it fires filled in."""

from collections.abc import Callable

from obs.alerts.alert import TunedAlert
from obs.spec.quantity import format_duration


def described(tuned: TunedAlert, fill: Callable[[str], str]) -> str:
    """The description; `fill` gives the text of what is known only when it fires.

    That is a label, `value`, or a placeholder of the condition.
    """
    words = tuned.when.words()
    known = _Words(
        fill,
        threshold=words.threshold,
        window=words.window,
        hold=format_duration(tuned.hold),
    )
    named = " for ".join(f"{{{label}}}" for label in (tuned.alert.about.name, *tuned.apart))
    text = tuned.alert.description.replace(f"{{{tuned.alert.about.name}}}", named, 1)
    return text.format_map(known)


class _Words(dict[str, str]):
    """Values by placeholder; `fill` gives those that are not known before the alert fires."""

    def __init__(self, fill: Callable[[str], str], **known: str) -> None:
        super().__init__(known)
        self._fill = fill

    def __missing__(self, name: str) -> str:
        return self._fill(name)
