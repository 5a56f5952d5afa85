"""Runbooks: what an alert means and what to do, with a system's names and thresholds filled in."""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

from obs.alerts.alert import Alert, TunedAlert
from obs.alerts.annotations import comparison
from obs.sources.kinds import KINDS
from obs.spec.quantity import format_duration
from obs.spec.system import System

_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")


def runbook(alert: Alert, rules: Sequence[TunedAlert], system: System) -> str:
    """One alert's runbook as Markdown. Raises KeyError where its text asks for an unknown name."""
    names = _names(system)
    text = _PLACEHOLDER.sub(lambda found: names[found[1]], template(alert.name))
    thresholds = "\n".join(_thresholds(rules)) or "It is not built for this system."
    parts = (
        f"# {alert.name}",
        alert.summary,
        f"## Meaning\n\n{alert.why}\n\n{thresholds}",
        text.strip(),
        f"## Silence it\n\n{_silence(alert)}",
    )
    return "\n\n".join(parts) + "\n"


def template(name: str) -> str:
    """The text of an alert as the package has it."""
    return (files("obs.alerts") / "runbooks" / f"{name}.md").read_text(encoding="utf-8")


def _thresholds(rules: Sequence[TunedAlert]) -> Iterator[str]:
    """A line for each rule."""
    for tuned in rules:
        which = ", ".join(f"{label} {value}" for label, value in tuned.only) or "by default"
        hold = f" for {format_duration(tuned.hold)}" if tuned.hold else ""
        yield f"- {tuned.severity}, {which}: {comparison(tuned.when) or 'no threshold'}{hold}"


def _silence(alert: Alert) -> str:
    return (
        "For two hours, while somebody works on it:\n\n"
        "```sh\n"
        f'amtool silence add alertname={alert.name} --duration=2h --comment="who, and why"\n'
        "```\n\n"
        "For good, or for one object: `alerts:` in the spec, with `enabled: false` or another "
        "threshold,\nthen build again."
    )


def _names(system: System) -> dict[str, str]:
    """What the texts may name: the first of each kind in the spec, else a word in capitals."""
    slis = [slo.sli for slo in system.slos]
    names = {"collector": f"http://{system.outputs.web.listen}"}
    for kind in KINDS:
        names |= kind.examples(system.sources.of(kind.key), slis)
    return names
