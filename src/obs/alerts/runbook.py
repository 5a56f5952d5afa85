"""Runbooks: what an alert means and what to do, with a system's names and thresholds filled in."""

import re
import shlex
from collections.abc import Iterator, Sequence, Set
from importlib.resources import files
from typing import Final

from obs.alerts.alert import Alert, TunedAlert
from obs.redaction.address import shown_address
from obs.sources.kinds import KINDS
from obs.spec.quantity import format_duration
from obs.spec.system import System

_EVERY: Final = ("tier", "slo_window")  # which the comparison says
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_DIAGNOSIS: Final = "## Diagnosis\n\n"
_OF_SERVERS: Final = re.compile(r"^nats .*\bserver (report|list|info)\b", re.MULTILINE)
_ALERTMANAGER: Final = "http://localhost:9093"  # where the spec does not say


def runbook(alert: Alert, rules: Sequence[TunedAlert], system: System) -> str:
    """One alert's runbook as Markdown. Braces around other words than placeholders stay."""
    names = _names(system)
    written = _with_notes(alert.runbook or template(alert.name), set(names) - {"collector"})
    text = _PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), written)
    thresholds = "\n".join(_thresholds(rules)) or "This alert is not built for this system."
    parts = (
        f"# {alert.name}",
        alert.summary,
        f"## Meaning\n\n{alert.why}\n\n{thresholds}",
        text.strip(),
        f"## Silencing\n\n{_silence(alert, system)}",
    )
    return "\n\n".join(parts) + "\n"


def template(name: str) -> str:
    """The runbook text of an alert, placeholders not yet filled in."""
    return (files("obs.alerts") / "runbooks" / f"{name}.md").read_text(encoding="utf-8")


def _with_notes(written: str, placeholders: Set[str]) -> str:
    """The text with what to know before its commands are run; the placeholders are of names."""
    notes = []
    if placeholders & set(_PLACEHOLDER.findall(written)):
        notes.append("Put in the names that the notification has: these are the first of the spec.")
    if _OF_SERVERS.search(written):
        notes.append("`nats server` needs a user of the system account.")
    told = "\n".join(notes) + "\n\n" if notes else ""
    return written.replace(_DIAGNOSIS, _DIAGNOSIS + told, 1)


def _thresholds(rules: Sequence[TunedAlert]) -> Iterator[str]:
    """A line for each rule."""
    for tuned in rules:
        selected = (*tuned.only, *(pair for pair in tuned.labels if tuned.part))
        named = (f"{label} {value}" for label, value in selected if label not in _EVERY)
        which = ", ".join(named) or "default"
        hold = f" for {format_duration(tuned.hold)}" if tuned.hold else ""
        words = tuned.when.words()
        comparison = words.comparison or "no threshold"
        if words.is_state:  # a number that says nothing without the name of its metric
            comparison = f"{tuned.when.metrics()[0].name} {comparison}"
        yield f"- {tuned.severity}, {which}: {comparison}{hold}"


def _silence(alert: Alert, system: System) -> str:
    stack = system.stacks.alertmanager
    matchers = [("alertname", alert.name), *system.labels]
    command = shlex.join(
        [
            *("amtool", "silence", "add", *(f"{label}={value}" for label, value in matchers)),
            f"--alertmanager.url={shown_address(stack.url) if stack else _ALERTMANAGER}",
            "--duration=2h",
        ]
    )
    return (
        "Silence the alert for two hours while you work on it. Add labels of the notification, to "
        "silence\nit for that object alone:\n\n"
        f'```sh\n{command} --comment="NAME: REASON"\n```\n\n'
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
