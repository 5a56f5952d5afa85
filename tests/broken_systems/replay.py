"""The alerts that a spec's rules raise over a series of scrapes, replayed a minute each.

Before the first scrape there is half an hour like it, after the last some 40 minutes: what went on
between the last two goes on, so that a time that stood still stands still and a counter that rose
rises.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import write
from obs.spec.load import load
from tests.integration.promtool import keep_rules, said_of, that_can_fire

BEFORE = 30
"""Minutes."""
AFTER = 40
FRESH = 0.5
"""Age in seconds of what is fresh, however busy the machine was."""
_SAMPLE = re.compile(r"^(\w+\{.*\}|\w+) (\S+)$")
_TESTED = re.compile(r"time: (\d+)m,\s+exp:.*?got:(.*?)(?=expr:|\Z)", re.DOTALL)
_LABELS = re.compile(r"\{__name__=\"ALERTS\"(.*?)\}")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_DULL = {"alertstate", "severity", "environment", "system"}


@dataclass(frozen=True)
class Scrape:
    """Samples by name with labels, as written; `at` is Unix seconds."""

    at: float
    samples: dict[str, float]

    @classmethod
    def of(cls, at: float, text: str) -> "Scrape":
        """The exposition's samples."""
        found = (_SAMPLE.match(line) for line in text.splitlines())
        return cls(at, {match[1]: float(match[2]) for match in found if match})


@dataclass(frozen=True)
class Firing:
    """The minutes of the replay in which each alert fires; minute 0 is the first scrape after the
    last that is `before`.
    """

    minutes: dict[str, set[int]]

    def at(self, minute: int) -> set[str]:
        """Alerts that fire in one minute."""
        return {alert for alert, minutes in self.minutes.items() if minute in minutes}


def firing(folder: Path, spec: Path, before: Sequence[Scrape], during: Sequence[Scrape]) -> Firing:
    """`before` and `during` are scrapes in order; the fault begins between the two."""
    folder.mkdir(parents=True, exist_ok=True)
    system = load([spec], variables={})
    write(folder, build(system, ["prometheus"]))
    scrapes = [*[before[0]] * BEFORE, *before, *during]
    whole = len(scrapes) + AFTER
    start = whole - AFTER - len(during)
    series = "".join(_series(name, scrapes) for name in _names(scrapes))
    asked = "".join(
        f"      - {{expr: 'ALERTS{{alertstate=\"firing\"}}', eval_time: {minute}m,"
        f" exp_samples: []}}\n"
        for minute in range(start - 1, whole)
    )
    files = sorted((folder / "prometheus").glob("*.yaml"))
    able = that_can_fire(tuned_alerts(system), _names(scrapes))
    keep_rules(files, tuple(tuned.name for tuned in able))
    rules = ", ".join(f'"{path}"' for path in files)
    (folder / "replay.yaml").write_text(
        f"rule_files: [{rules}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n"
        f"    input_series:\n{series}    promql_expr_test:\n{asked}"
    )
    return Firing(_fired(said_of(folder, "replay.yaml"), start))


def _fired(said: str, start: int) -> dict[str, set[int]]:
    minutes: dict[str, set[int]] = {}
    for minute, got in _TESTED.findall(said):
        for inner in _LABELS.findall(got):
            labels = dict(_LABEL.findall(inner))
            about = [
                f"{k}={v}" for k, v in sorted(labels.items()) if k not in _DULL | {"alertname"}
            ]
            alert = f"{labels['alertname']}{{{', '.join(about)}}}"
            minutes.setdefault(alert, set()).add(int(minute) - start)
    return {alert: found for alert, found in minutes.items() if not alert.startswith("ObsWatchdog")}


def _names(scrapes: Sequence[Scrape]) -> list[str]:
    return sorted({name for scrape in scrapes for name in scrape.samples if _told(name)})


def _told(name: str) -> bool:
    return name.startswith(("obs_", "nats_", "slo_", "eventbridge_", "sqs_", "cloudwatch_"))


def _series(name: str, scrapes: Sequence[Scrape]) -> str:
    values = " ".join(_values(name, scrapes))
    quoted = name.replace("'", "''")
    return f"      - {{series: '{quoted}', values: '{values}'}}\n"


def _values(name: str, scrapes: Sequence[Scrape]) -> Iterator[str]:
    is_time = "timestamp_seconds" in name
    last = scrapes[-1].samples.get(name)
    before = scrapes[-2].samples.get(name)
    stands = is_time and last == before
    shown = last
    for minute, scrape in enumerate(scrapes):
        value = scrape.samples.get(name)
        if value is not None and is_time and value:
            shown = 60 * minute - _age(name, scrapes, minute)
        else:
            shown = value
        yield "stale" if shown is None else f"{shown:.6f}"
    rise = last - before if last is not None and before is not None else 0.0
    for further in range(1, AFTER + 1):
        if shown is None:
            yield "stale"
        elif is_time:
            yield f"{shown if stands or not last else shown + 60 * further:.6f}"
        else:
            rising = name.partition("{")[0].endswith("_total")
            yield f"{shown + rise * further if rising else shown:.6f}"


def _age(name: str, scrapes: Sequence[Scrape], minute: int) -> float:
    """Seconds; of a time that moved since the last scrape, or moves until the next, nearly none."""
    scrape = scrapes[minute]
    value = scrape.samples[name]
    near = [scrapes[other] for other in (minute - 1, minute + 1) if 0 <= other < len(scrapes)]
    others = [each.samples.get(name) for each in near if each is not scrape]
    moved = not others or any(other != value for other in others)
    return min(scrape.at - value, FRESH) if moved else scrape.at - value
