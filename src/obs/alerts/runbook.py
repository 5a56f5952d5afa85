"""Runbooks: what an alert means and what to do, with a system's names and thresholds filled in."""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

from obs.alerts.alert import Alert, TunedAlert
from obs.sources.kinds import KINDS
from obs.spec.quantity import format_duration
from obs.spec.system import System

_EVERY: Final = ("tier", "slo_window")  # which the comparison says
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def runbook(alert: Alert, rules: Sequence[TunedAlert], system: System) -> str:
    """One alert's runbook as Markdown. Braces around other words than placeholders stay."""
    names = _names(system)
    text = _PLACEHOLDER.sub(
        lambda found: names.get(found[1], found[0]), alert.runbook or template(alert.name)
    )
    thresholds = "\n".join(_thresholds(rules)) or "This alert is not built for this system."
    parts = (
        f"# {alert.name}",
        alert.summary,
        f"## Meaning\n\n{alert.why}\n\n{thresholds}",
        text.strip(),
        f"## Silencing\n\n{_silence(alert)}",
    )
    return "\n\n".join(parts) + "\n"


def template(name: str) -> str:
    """The runbook text of an alert, placeholders not yet filled in."""
    return (files("obs.alerts") / "runbooks" / f"{name}.md").read_text(encoding="utf-8")


def _thresholds(rules: Sequence[TunedAlert]) -> Iterator[str]:
    """A line for each rule."""
    for tuned in rules:
        selected = (*tuned.only, *(pair for pair in tuned.labels if tuned.part))
        named = (f"{label} {value}" for label, value in selected if label not in _EVERY)
        which = ", ".join(named) or "default"
        hold = f" for {format_duration(tuned.hold)}" if tuned.hold else ""
        comparison = tuned.when.words().comparison or "no threshold"
        yield f"- {tuned.severity}, {which}: {comparison}{hold}"


def _silence(alert: Alert) -> str:
    return (
        "Silence the alert for two hours while you work on it:\n\n"
        "```sh\n"
        f'amtool silence add alertname={alert.name} --duration=2h --comment="NAME: REASON"\n'
        "```\n\n"
        "To disable it or change its threshold, for all objects or for one, edit `alerts:` in the "
        "spec and run\n`obs alerts build` again."
    )


def _names(system: System) -> dict[str, str]:
    """A value for each placeholder: the first of its kind in the spec, else a word in capitals."""
    slis = [slo.sli for slo in system.slos]
    names = {"collector": f"http://{system.outputs.web.listen}"}
    for kind in KINDS:
        names |= kind.examples(system.sources.of(kind.key), slis)
    return names
