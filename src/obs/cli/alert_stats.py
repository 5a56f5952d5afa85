"""obs alerts stats."""

import argparse
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import Commands, command, format_argument, spec_arguments
from obs.cli.build_options import tuned_system
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.cli.slo_report import VARIABLE, prometheus_at, prometheus_url, zone_argument
from obs.errors import DONE, FOUND, BadInput, SourceError

if TYPE_CHECKING:
    from obs.alert_stats.pages import Silence
    from obs.alert_stats.stats import Stats
    from obs.clients.alertmanager import Silenced
    from obs.clients.prometheus import Prometheus
    from obs.spec.stacks import Reached
    from obs.spec.system import System

_LEAST: Final = 60.0
_MOST: Final = 400 * 86_400.0


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs alerts`."""
    stats = command(
        actions,
        "stats",
        _stats,
        summary="Count how often alerts fired and paged, from Prometheus' history, and advise.",
        examples=[
            "obs alerts stats --spec collectors/oms.yaml",
            "obs alerts stats --since 4w --timezone Europe/Berlin",
            "obs alerts stats --prometheus http://localhost:9090 --format json",
        ],
        found="more pages than notify.pages_per_week of the spec allows",
        exit_codes=(0, 1, 2, 3),
    )
    spec_arguments(stats)
    stats.add_argument(
        "--prometheus",
        metavar="URL",
        help="Prometheus that evaluates the rules (default: that of the spec's stacks.prometheus, "
        f"or stacks.mimir). For a URL with user:password@ set ${VARIABLE} and give -",
    )
    stats.add_argument(
        "--alertmanager",
        metavar="URL",
        help="Alertmanager whose silences of the last days count (default: that of the spec's "
        "stacks.alertmanager, if it answers)",
    )
    stats.add_argument(
        "--since",
        type=_seconds,
        default=7 * 86_400.0,
        metavar="DURATION",
        help="how far to look back, for example 24h, 7d or 4w (default: 7d)",
    )
    zone_argument(stats, "time zone of times and working hours (default: that of the quiet hours)")
    format_argument(stats)


def _seconds(text: str) -> float:
    from obs.spec.quantity import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not _LEAST <= seconds <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} is out of range; write 1m to 400d")
    return seconds


def _stats(arguments: argparse.Namespace) -> int:
    from zoneinfo import ZoneInfo

    from obs.alert_stats.advice import advice
    from obs.alert_stats.document import as_document
    from obs.alert_stats.read import known_labels, read
    from obs.alert_stats.setting import labels_by_alert, setting, tunables
    from obs.alert_stats.stats import stats
    from obs.alert_stats.text import as_text
    from obs.alerts.tuning import tuned_alerts

    system = tuned_system(arguments)
    zone = arguments.timezone or ZoneInfo(_zone_of(system))
    alerts = tuned_alerts(system)
    at = time.time()
    silences, unknown = _silences(arguments.alertmanager, system)
    known = known_labels(labels_by_alert(alerts))
    with closing(_prometheus(arguments.prometheus, system)) as prometheus:
        history = read(prometheus, system, known, at - arguments.since, at)
    counting = replace(setting(system, alerts, zone), silences=silences)
    found = stats(history, counting)
    advices = advice(found, counting, tunables(alerts))
    notes = [*_notes(system, found), *unknown]
    if arguments.format == "json":
        print(json_text(as_document(found, advices, notes)))
    else:
        print(as_text(found, advices, notes, zone), end="")
    return FOUND if found.budget.is_over else DONE


def _zone_of(system: "System") -> str:
    """The time zone of all quiet hours, or UTC where they have several or none."""
    hours = system.notify.quiet_hours.values() if system.notify else ()
    zones = {each.timezone for each in hours if each.begin is not None}
    return zones.pop() if len(zones) == 1 else "UTC"


def _silences(given: str | None, system: "System") -> "tuple[list[Silence] | None, list[str]]":
    """The silences that are judged; None, and why, where they are not known."""
    from obs.alert_stats.pages import Silence

    try:
        told = _told_silences(given, system)
    except (SourceError, BadInput) as error:
        if given is not None:
            raise
        return None, [f"Silences are not known: {error}"]
    if told is None:
        return None, []
    every = [Silence(each.matchers, (each.begin, each.end)) for each in told]
    judged = [each for each in every if each.is_judged]
    left = len(every) - len(judged)
    notes = [f"{left} silences are not counted: their patterns are too complex"] if left else []
    return judged, notes


def _told_silences(given: str | None, system: "System") -> "list[Silenced] | None":
    """Those of the Alertmanager that is given, else of the spec's; None where there is none."""
    from obs.clients.alertmanager import Alertmanager
    from obs.clients.sent_headers import sent_headers
    from obs.redaction.address import remember_address

    stack = system.stacks.alertmanager
    if given is not None:
        if not given.startswith(("http://", "https://")):
            raise BadInput("--alertmanager: write a URL, for example http://localhost:9093")
        remember_address(given)
        alertmanager = Alertmanager(given)
    elif stack is not None:
        alertmanager = Alertmanager(stack.url, tls=stack.tls, headers=sent_headers(stack))
    else:
        return None
    with closing(alertmanager):
        return alertmanager.silences()


def _notes(system: "System", found: "Stats") -> list[str]:
    notes = []
    if system.notify is None:
        notes.append("The spec has no `notify`: pages are counted with the groups that obs builds.")
    unknown = [each.name for each in found.alerts if not each.is_in_spec]
    if unknown:
        notes.append(f"Fired, but no longer in the spec: {', '.join(unknown)}")
    return notes


def _prometheus(given: str | None, system: "System") -> "Prometheus":
    from obs.spec.stacks import MimirStack

    if given is not None:
        return prometheus_at(prometheus_url(given))
    stack = system.stacks.prometheus or system.stacks.mimir
    if stack is None:
        raise BadInput(
            "give --prometheus URL: the spec has neither stacks.prometheus nor stacks.mimir"
        )
    if isinstance(stack, MimirStack):
        prefix = stack.path.removesuffix("/config/v1/rules").removesuffix("/api/v1/rules")
        return _reached(stack, prefix, stack.tenant)
    return _reached(stack, "", None)


def _reached(stack: "Reached", prefix: str, tenant: str | None) -> "Prometheus":
    from obs.clients.prometheus import Prometheus
    from obs.clients.sent_headers import sent_headers

    headers = sent_headers(stack) | ({"X-Scope-OrgID": tenant} if tenant else {})
    url = stack.url.rstrip("/") + prefix
    return Prometheus(url, tls=stack.tls, timeout=stack.timeout, headers=headers)
