"""What is wrong with packs of the user's own beside each other and beside what obs has."""

from collections.abc import Iterator
from typing import Final

from obs.alerts.definitions import BY_NAME, GROUPS
from obs.own_packs.problems import Read
from obs.own_packs.read import read_file_of
from obs.packs.pack import Pack, pack_of
from obs.spec.load import Spec
from obs.spec.pack_settings import OwnPack
from obs.spec.packs import pack_names, shown
from obs.spec.report import InvalidSpec, Problem, problem_at
from obs.spec.tree import locate_key

PAGES: Final = (
    *(
        "accounts",
        "canaries",
        "cloudwatch",
        "collector",
        "consumer",
        "eventbridge",
        "events",
        "jetstream",
        "leaders",
    ),
    *(
        "overview",
        "pipes",
        "probes",
        "queues",
        "server_groups",
        "servers",
        "services",
        "slo_detail",
    ),
    *("slos", "targets"),
)
"""The names of obs' own pages, whether or not a system has them."""
_FILES: Final = ("recording", "slo")
"""Rule files that are of no group of alerts."""


def check(spec: Spec) -> None:
    """Raises InvalidSpec with everything that is wrong with the packs of the user's own."""
    own = spec.system.packs.own
    reads = {name: read_file_of(settings.path) for name, settings in own.items()}
    problems = [
        problem_at(locate_key(spec.tree, ("packs", "own", name)), why)
        for name in own
        if (why := _taken(name))
    ]
    problems += [each for read in reads.values() for each in read.problems]
    problems += _clashes(spec, reads)
    if problems:
        raise InvalidSpec(problems)


def _taken(name: str) -> str:
    if name in map(shown, pack_names()):
        return "obs has a pack of this name; choose another"
    if name in (*GROUPS, *_FILES):
        return "obs has alerts under this name; choose another"
    return ""


def _clashes(spec: Spec, reads: dict[str, Read]) -> Iterator[Problem]:
    """Alerts and pages whose names are taken."""
    alerts = dict.fromkeys(BY_NAME, "obs")
    pages = dict.fromkeys(PAGES, "obs")
    for name, settings in spec.system.packs.used():
        if not isinstance(settings, OwnPack):
            _take(pack_of(name, settings), f"pack {name}", alerts, pages)
    for name, read in reads.items():
        if read.pack is None:
            continue
        for alert in read.pack.alerts:
            if owner := alerts.get(alert.name):
                yield read.place(_used(owner, "an alert"), "alerts", alert.name)
        for page in read.pack.pages:
            if owner := pages.get(page.name):
                yield read.place(_used(owner, "a page"), "pages", page.name)
        _take(read.pack, f"pack {name}", alerts, pages)


def _used(owner: str, what: str) -> str:
    return f"{owner} has {what} of this name; choose another"


def _take(pack: Pack, owner: str, alerts: dict[str, str], pages: dict[str, str]) -> None:
    for alert in pack.alerts:
        alerts.setdefault(alert.name, owner)
    for page in pack.pages:
        pages.setdefault(page.name, owner)
