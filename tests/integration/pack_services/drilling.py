"""Rules that fire within seconds, and the queries of a pack's pages as Grafana would send them."""

import re
from collections.abc import Iterator
from functools import partial
from math import inf
from pathlib import Path

import yaml

from obs.alerts.targets import build
from obs.artifacts import write
from obs.dashboards.build import boards
from obs.spec.load import load

_DURATION = re.compile(r"\b(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?=[\]:\s)])")
_VARIABLES = {"__rate_interval": "10s", "__range": "30s", "__interval": "5s"}
_MINUTE = 400  # milliseconds that a minute becomes


def quick_rules(folder: Path, spec: Path, *, longest: float = inf) -> Path:
    """The rules of a spec, each minute 400 ms, as a glob; what has to last, lasts 500 ms.

    To be evaluated twice a second: the shortest window of five minutes is two seconds then, and
    none is longer than `longest` seconds.
    """
    built, made = folder / "built" / spec.stem, folder / "quick"
    write(built, build(load([spec], variables={}), ["prometheus"]))
    made.mkdir(exist_ok=True)
    quick = partial(_quick, longest=longest)
    for path in built.rglob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        for group in document["groups"]:
            for rule in group["rules"]:
                rule["expr"] = _DURATION.sub(quick, rule["expr"])
                if "for" in rule:
                    rule["for"] = "500ms"
        (made / f"{spec.stem}-{path.name}").write_text(yaml.safe_dump(document))
    return made / f"{spec.stem}-*.yaml"


def queries(spec: Path, page: str) -> Iterator[tuple[str, str]]:
    """Title and query of each panel of a page, every variable set to all."""
    (board,) = (each for each in boards(load([spec], variables={})) if each.page == page)
    for panel in board.json["panels"]:
        for target in panel.get("targets", ()):
            expr = re.sub(r"\$(\w+)", lambda found: _VARIABLES.get(found[1], ".*"), target["expr"])
            yield panel["title"], expr


def _quick(found: re.Match[str], longest: float) -> str:
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    length = min(_MINUTE * (60 * hours + minutes + seconds / 60), 1000 * longest)
    return f"{max(length, 100):.0f}ms" if length else found[0]
