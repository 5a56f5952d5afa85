"""Runbooks: what an alert means and what to do, with a system's names and thresholds filled in."""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

from obs.alerts.alert import Alert, TunedAlert
from obs.alerts.annotations import comparison
from obs.spec.globs import is_plain
from obs.spec.quantity import format_duration
from obs.spec.system import System
from obs.spec.watched import ConsumerName

_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")


def runbook(alert: Alert, rules: Sequence[TunedAlert], system: System) -> str:
    """One alert's runbook as Markdown. Raises KeyError for an unknown placeholder."""
    names = _names(system)
    text = _PLACEHOLDER.sub(lambda found: names[found[1]], template(alert.name))
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
        which = ", ".join(f"{label} {value}" for label, value in tuned.only) or "default"
        hold = f" for {format_duration(tuned.hold)}" if tuned.hold else ""
        yield f"- {tuned.severity}, {which}: {comparison(tuned.when) or 'no threshold'}{hold}"


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
    nats, aws = next(iter(system.sources.nats.values()), None), _first_aws(system)
    stream, consumer = _consumer(system)
    return {
        "monitor": nats.monitor[0] if nats else "MONITOR_URL",
        "nats": nats.connection.servers[0] if nats and nats.connection else "NATS_URL",
        "stream": stream,
        "consumer": consumer,
        "collector": f"http://{system.outputs.web.listen}",
        **aws,
    }


def _first_aws(system: System) -> dict[str, str]:
    source = next(iter(system.sources.aws.values()), None)
    buses = source.buses if source else ()
    return {
        "region": source.region if source else "REGION",
        "bus": _plain([bus.name for bus in buses], "BUS"),
        "rule": _plain([rule for bus in buses for rule in bus.rules], "RULE"),
        "queue": _plain(source.queues if source else (), "QUEUE"),
    }


def _consumer(system: System) -> tuple[str, str]:
    for each in system.slos:
        for named in each.sli.measured.names():
            if isinstance(named, ConsumerName):
                return named.stream, named.consumer
    sources = system.sources.nats.values()
    return (
        _plain([name for source in sources for name in source.streams.include], "STREAM"),
        _plain([name for source in sources for name in source.consumers.include], "CONSUMER"),
    )


def _plain(names: Sequence[str], otherwise: str) -> str:
    return next(filter(is_plain, names), otherwise)
