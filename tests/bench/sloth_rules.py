"""The rules that evaluate SLOs, beside sloth's own, on the same series in promtool.

    SLOTH=/path/of/sloth python -m tests.bench.sloth_rules

Both record error ratios and fire alerts on each of some courses of events. What is printed: the
largest difference where both mean the same, and the figures where they do not.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.spec.load import load

MINUTE: Final = 60
SHARED: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Windows that both record from counts."""
OURS: Final = """
version: 1
system: shop
sources: {prometheus: {metrics: {url: "http://127.0.0.1:9090", delay: 0s}}}
slos:
  - name: requests
    service: web
    objective: 99.9
    engine: rules
    sli: {prometheus: {source: metrics, bad: 'requests_total{code="500"}', total: requests_total}}
"""
THEIRS: Final = """
version: prometheus/v1
service: web
slos:
  - name: requests
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(requests_total{code="500"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting: {name: Theirs, page_alert: {}, ticket_alert: {}}
"""
_GOT: Final = re.compile(
    r'expr: "(?P<expr>(?:[^"\\]|\\.)*)", time: \S+\s+exp:.*\n\s+got:(?P<got>.*)'
)

Events = tuple[int, int]
"""Good and bad ones of a minute."""


@dataclass(frozen=True, slots=True)
class Course:
    """What happens, minute by minute, and what is asked at its end."""

    name: str
    minutes: Sequence[Events]
    windows: Sequence[str] = ()


def busy_with_outage(minute: int) -> Events:
    """80 to 92 requests a minute, one in 1 000 bad; 30 minutes at 20 % on the third day."""
    total = 80 + minute * 7 % 13
    bad = total // 5 if 3400 <= minute < 3430 else int(minute % 12 == 0)
    return total - bad, bad


def of(minutes: int, each: Callable[[int], Events]) -> list[Events]:
    return [each(minute) for minute in range(minutes)]


COURSES: Final = (
    Course("an outage on the third day", of(4500, busy_with_outage), SHARED),
    Course(
        "3 h busy with 1 % errors, then 3 h with one request a minute",
        of(360, lambda minute: (990, 10) if minute < 180 else (1, 0)),
    ),
    Course(
        "6 h at 1 %, with ten minutes without a request",
        of(360, lambda minute: (0, 0) if 300 <= minute < 310 else (99, 1)),
    ),
    Course(
        "10 requests an hour, one of them bad",
        of(180, lambda minute: (int(minute % 6 == 0 and minute != 120), int(minute == 120))),
    ),
    Course(
        "a total outage of 10 minutes at 100 requests a minute",
        of(200, lambda minute: (0, 100) if 120 <= minute < 130 else (100, 0)),
    ),
    Course(
        "an outage of a service that then has no requests for an hour",
        of(
            240,
            lambda minute: (
                (0, 100) if 120 <= minute < 130 else (0, 0) if minute > 129 else (100, 0)
            ),
        ),
    ),
)


def series(minutes: Sequence[Events]) -> list[dict[str, str]]:
    return [
        {
            "series": f'requests_total{{code="{code}"}}',
            "values": " ".join(map(str, accumulate((each[at] for each in minutes), initial=0))),
        }
        for at, code in enumerate(("200", "500"))
    ]


def values(folder: Path, course: Course, asked: dict[str, str]) -> dict[str, str]:
    """What promtool says of each expression at the end; empty where there is nothing."""
    end = f"{len(course.minutes)}m"
    tests = [
        {"eval_time": end, "expr": expr, "exp_samples": [{"labels": "{}", "value": -12345}]}
        for expr in asked.values()
    ]
    case = {"interval": "1m", "input_series": series(course.minutes), "promql_expr_test": tests}
    document = {
        "rule_files": ["prometheus/*.yaml", "theirs.yaml"],
        "evaluation_interval": "1m",
        "tests": [case],
    }
    (folder / "test.yaml").write_text(yaml_text(document))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    got = {m["expr"].replace('\\"', '"'): m["got"].strip() for m in _GOT.finditer(said)}
    return {name: got.get(expr, "?").rpartition(" ")[2] for name, expr in asked.items()}


def moments(alerts: str) -> dict[str, str]:
    """Minutes at which an alert first and last fired."""
    firing = f'max(ALERTS{{{alerts},alertstate="firing"}}) * 0 + time()'
    return {
        "first": f"min_over_time(({firing})[4d:1m]) / 60",
        "last": f"max_over_time(({firing})[4d:1m]) / 60",
    }


def asked_of(course: Course) -> dict[str, str]:
    found: dict[str, str] = {}
    for window in course.windows:
        theirs = f"sum(slo:sli_error:ratio_rate{window})"
        ours = f'sum(slo_error_ratio{{window="{window}"}})'
        found |= {f"theirs {window}": theirs, f"ours {window}": ours}
    found["theirs budget left"] = "sum(slo:period_error_budget_remaining:ratio)"
    found["ours budget left"] = "sum(slo_error_budget_remaining_ratio)"
    found["truth of what was seen"] = 'sum(requests_total{code="500"}) / sum(requests_total)'
    found["theirs of what was seen"] = "sum(slo:sli_error:ratio_rate30d)"
    found["ours of what was seen"] = (
        "sum(sum_over_time(slo:bad_events:increase1m[29d])) "
        "/ sum(sum_over_time(slo:events:increase1m[29d]))"
    )
    for severity, name in (("page", "SloBudgetBurnsFast"), ("ticket", "SloBudgetBurnsSlowly")):
        for whose, matchers in (
            ("theirs", f'alertname="Theirs",sloth_severity="{severity}"'),
            ("ours", f'alertname="{name}"'),
        ):
            for when, expr in moments(matchers).items():
                found[f"{whose} {severity} {when}"] = expr
    return found


def main() -> int:
    sloth = os.environ.get("SLOTH")
    if not sloth:
        print("set SLOTH to the program", file=sys.stderr)
        return 2
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ours.yaml").write_text(OURS)
        (folder / "sloth.yaml").write_text(THEIRS)
        write(folder, build(load([folder / "ours.yaml"], variables={}), ["prometheus"]))
        command = [sloth, "generate", "-i", f"{folder}/sloth.yaml", "-o", f"{folder}/theirs.yaml"]
        subprocess.run(command, check=True, capture_output=True)
        for course in COURSES:
            found = values(folder, course, asked_of(course))
            print(f"\n{course.name}")
            largest = 0.0
            for window in course.windows:
                ours, theirs = (float(found.pop(f"{who} {window}")) for who in ("ours", "theirs"))
                largest = max(largest, abs(ours - theirs) / max(theirs, 1e-9))
            if course.windows:
                print(f"  error ratios of {', '.join(course.windows)}: differ by {largest:.1e}")
            for label, value in found.items():
                print(f"  {label}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
