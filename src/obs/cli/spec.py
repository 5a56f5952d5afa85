"""obs validate, obs schema."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, format_argument, spec_arguments
from obs.cli.output import counted, json_text, table
from obs.cli.parser import Parser
from obs.cli.terminal import say
from obs.errors import BAD_INPUT, DONE

if TYPE_CHECKING:
    from obs.catalogue.metric import Metric
    from obs.spec.load import Spec
    from obs.spec.system import System


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    validate = command(
        commands,
        "validate",
        _validate,
        summary="Validate a spec: print a summary of it, or everything that is wrong with it.",
        examples=[
            "obs validate --spec collectors/oms.yaml",
            "obs validate --spec collectors/oms.yaml --env staging --format json",
        ],
    )
    spec_arguments(validate)
    format_argument(validate)
    schema = command(
        commands,
        "schema",
        _schema,
        summary="Print the JSON Schema of spec files, or of packs in YAML, for editors.",
        examples=["obs schema > obs.schema.json", "obs schema --pack > pack.schema.json"],
        exit_codes=(0,),
    )
    schema.add_argument("--pack", action="store_true", help="of packs in YAML instead of specs")


def _schema(arguments: argparse.Namespace) -> int:
    if arguments.pack:
        from obs.own_packs.schema import pack_schema

        print(json_text(pack_schema()))
        return DONE
    from obs.spec.schema import json_schema

    print(json_text(json_schema()))
    return DONE


def _validate(arguments: argparse.Namespace) -> int:
    from obs.spec.report import InvalidSpec

    try:
        spec = _checked(arguments)
    except InvalidSpec as error:
        if arguments.format == "text":
            raise
        problems = [asdict(problem) for problem in error.problems]
        print(json_text({"valid": False, "problems": problems}))
        return BAD_INPUT
    if arguments.format == "json":
        print(json_text({"valid": True, "problems": [], **_facts(spec)}))
    else:
        say("\n".join(_summary(spec)))
    return DONE


def _checked(arguments: argparse.Namespace) -> "Spec":
    """The valid spec. Raises InvalidSpec with every mistake, also in the names of alerts."""
    from obs.alerts.tuning import check_tuning, misnamed
    from obs.spec.report import InvalidSpec

    try:
        spec = chosen_spec(arguments)
    except InvalidSpec as error:
        if error.tree is None:
            raise
        raise InvalidSpec([*error.problems, *misnamed(error.tree)]) from None
    check_tuning(spec)
    return spec


def _facts(spec: "Spec") -> dict[str, object]:
    from obs.alerts.tier_summary import slo_tiers
    from obs.alerts.tuning import not_built

    system = spec.system
    return {
        "system": system.system,
        "environment": system.environment,
        "environments": list(spec.environments),
        "sources": [{"kind": kind, "name": name} for kind, name, _ in _sources(system)],
        "slos": [asdict(found) for found in slo_tiers(system)],
        "packs": [name for name, _ in system.packs.used()],
        "outputs": [name for name, _ in _outputs(system)],
        "metrics": {
            "on_request": {metric.name: metric in system.exported for metric in _on_request()},
            "excluded": sorted(system.exported.excluded),
            "not_built": [{"alert": name, "reason": why} for name, why in not_built(system)],
        },
    }


def _summary(spec: "Spec") -> Iterator[str]:

    system = spec.system
    others = [name for name in spec.environments if name != system.environment]
    also = f" (also: {', '.join(others)})" if others else ""
    yield f"{system.system}: valid, environment {system.environment}{also}"
    sources = _sources(system)
    yield f"\n{counted(len(sources), 'source')}"
    if sources:
        yield table(sources, indent=2)
    yield f"\n{counted(len(system.slos), 'SLO')}"
    rows = [
        (
            f"{slo.service}/{slo.name}",
            f"{slo.objective:.10g} %",
            f"over {slo.window_label}",
            f"{slo.in_words()}{', by rules and not by the collector' if slo.by_rules else ''}",
        )
        for slo in system.slos
    ]
    if rows:
        yield table(rows, indent=2)
    yield from _burn_rates(system)
    if packs := [name for name, _ in system.packs.used()]:
        yield f"\n{counted(len(packs), 'pack')}\n  {', '.join(packs)}"
    outputs = _outputs(system)
    yield f"\n{counted(len(outputs), 'output')}"
    yield table(outputs, indent=2)
    if system.ha:
        from obs.spec.quantity import format_duration

        yield "\nhigh availability"
        of, ttl = system.ha.lease.in_words, format_duration(system.ha.ttl)
        yield f"  one of several collectors leads: a lease of {ttl} in {of}"
    yield from _metrics(system)


def _metrics(system: "System") -> Iterator[str]:
    """What an object costs, which metrics there are more, which are left out and what follows."""
    from obs.alerts.tuning import not_built

    exported = system.exported
    asked = [each.name for each in _on_request() if each in exported]
    more = counted(len(_on_request()) - len(asked), "more metric")
    yield "\nmetrics"
    rows = [*_costs(system), ("on request", f"{more}, which --format json lists")]
    rows += [("included", name) for name in asked]
    rows += [("excluded", name) for name in sorted(exported.excluded)]
    rows += [("not built", f"{alert}: {why}") for alert, why in not_built(system)]
    yield table(rows, indent=2)


def _costs(system: "System") -> Iterator[tuple[str, str]]:
    """How many series each object of a kind has, while nothing is wrong with it."""
    from obs.sources.kinds import KINDS

    for kind in KINDS:
        if sources := system.sources.of(kind.key):
            for what, number in kind.series(sources, system.exported).items():
                yield f"each {what}", f"up to {counted(number, 'series', 'series')}"


def _on_request() -> "list[Metric]":
    from obs import catalogue

    return [metric for metric in catalogue.ALL if metric.on_request]


def _burn_rates(system: "System") -> Iterator[str]:
    """Where they are not a month's: the burn rates that alert, and what is left out, and why."""
    from obs.alerts.tier_summary import slo_tiers

    found = list(slo_tiers(system))
    alerting = (each for each in found if each.scaled and each.tiers)
    sets = list(dict.fromkeys((each.window, each.tiers) for each in alerting))
    if sets:
        yield "\n  burn rates that alert"
        yield table([(f"over {over}", "; ".join(kept)) for over, kept in sets], indent=4)
    lacking = [(f"{x.service}/{x.name}", reason) for x in found for reason in x.left_out]
    if lacking:
        yield "\n  not alerted on"
        yield table(lacking, indent=4)


def _sources(system: "System") -> list[tuple[str, str, str]]:
    return [(kind, name, spec.where) for kind, name, spec in system.sources.every()]


def _outputs(system: "System") -> list[tuple[str, str]]:
    outputs = system.outputs
    rows = [("metrics", f"http://{outputs.web.listen}/metrics")]
    rows += [(name, spec.described) for name, spec in outputs.pushed.items()]
    if outputs.traces is not None:
        rows.append(("traces", outputs.traces.described))
    return rows
