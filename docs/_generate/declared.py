"""The names of all that is declared, and so has to be documented."""

import argparse
from collections.abc import Iterator

from docs._generate.schema import fields_of
from obs import catalogue
from obs.alerts.definitions import ALERTS
from obs.catalogue.metric import Metric
from obs.checks.catalogue import CHECKS
from obs.cli.main import parser
from obs.dashboard_lint.rules import ALL
from obs.packs.pack import built_in
from obs.sandbox.faults import FAULTS
from obs.spec.packs import pack_names, shown
from obs.spec.schema import json_schema


def declared() -> list[str]:
    """Each as the page that describes it names its target, in alphabetical order."""
    return sorted(
        {
            *(f"{model}-{name}" for model, name in fields_of(json_schema())),
            *(metric.name for metric in (*catalogue.ALL, *catalogue.RECORDED.values())),
            *(alert.name for alert in ALERTS),
            *(alert.name for name in pack_names() for alert in built_in(name).alerts),
            *(of_pack(name, each) for name in pack_names() for each in built_in(name).metrics),
            *(target(command) for command in commands()),
            *(f"lint-{rule.name}" for rule in ALL),
            *(f"check-{check.name}" for check in CHECKS),
            *(f"fault-{fault.name}" for fault in FAULTS),
        }
    )


def of_pack(pack: str, metric: Metric) -> str:
    """The name of a metric's target: several packs may read the same metric of an exporter."""
    return f"{shown(pack)}-{metric.name}" if pack else metric.name


def commands() -> Iterator[argparse.ArgumentParser]:
    """Each command and each of its actions, in the order of `obs --help`."""
    for top in below(parser()):
        yield top
        yield from below(top)


def below(of: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The commands within a command."""
    found: list[argparse.ArgumentParser] = []
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found


def target(command: argparse.ArgumentParser) -> str:
    """The name of a command's target: `obs-alerts-build`."""
    return command.prog.replace(" ", "-")
