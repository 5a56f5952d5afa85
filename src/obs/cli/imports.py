"""obs import, obs export."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, command_group, spec_arguments
from obs.cli.output import counted, safe
from obs.cli.parser import Parser
from obs.cli.terminal import note
from obs.errors import DONE, FOUND, BadInput
from obs.folder import Folder

if TYPE_CHECKING:
    from obs.imports.exporters.imported import ImportedSources

_LOST = "something could not be taken over; each such line says what"
_WITH_FILES = (
    ("yace", "YACE", "obs import yace yace.yml"),
    ("cloudwatch-exporter", "cloudwatch_exporter", "obs import cloudwatch-exporter config.yml"),
)
_WITH_FLAGS = (
    (
        "nats-exporter",
        "prometheus-nats-exporter",
        (
            "obs import nats-exporter --out obs.yaml -- -varz -jsz=all http://localhost:8222",
            "obs import nats-exporter flags.txt > obs.yaml",
        ),
    ),
    (
        "nats-surveyor",
        "nats-surveyor, or its YAML file",
        (
            "obs import nats-surveyor --out obs.yaml -- --servers nats://a:4222 --creds sys.creds",
            "obs import nats-surveyor nats-surveyor.yaml > obs.yaml",
        ),
    ),
)
_MOST_LINES = 500
_FORMATS = (
    ("sloth", "sloth, also PrometheusServiceLevel of Kubernetes"),
    ("openslo", "OpenSLO v1 and v1alpha"),
    ("pyrra", "pyrra, ServiceLevelObjective of Kubernetes"),
)


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "import",
        summary="Write a spec from the SLOs of another tool, or an exporter's configuration.",
        examples=[
            "obs import sloth slos/*.yml --url https://prometheus:9090 --out obs.yaml",
            "obs import yace yace.yml --out obs.yaml",
            "obs import nats-exporter -- -varz -jsz=all http://localhost:8222",
        ],
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    for name, words in _FORMATS:
        _register_import(actions, name, words)
    for name, words, example in _WITH_FILES:
        _register_files(actions, name, words, example)
    for name, words, examples in _WITH_FLAGS:
        _register_flags(actions, name, words, examples)
    exports = command_group(
        commands,
        "export",
        summary="Write the SLOs of a spec for another tool.",
        examples=["obs export openslo --spec obs.yaml --out slos.yaml"],
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    openslo = command(
        exports,
        "openslo",
        _export,
        summary="Write the SLOs of a spec as OpenSLO v1; stderr says what OpenSLO cannot say.",
        examples=["obs export openslo --spec obs.yaml --out slos.yaml"],
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    spec_arguments(openslo)
    _output_arguments(openslo)


def _register_files(actions: "Commands[Parser]", name: str, words: str, example: str) -> None:
    parser = command(
        actions,
        name,
        _import_configuration,
        summary=f"Write AWS sources from the configuration of {words}; stderr says what is not "
        "taken over.",
        examples=[example, f"{example} --keep-names --out obs.yaml"],
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    parser.set_defaults(format=name)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a configuration")
    parser.add_argument(
        "--keep-names",
        action="store_true",
        help="export metrics by the names that they have there, so that dashboards go on",
    )
    _output_arguments(parser)


def _register_flags(
    actions: "Commands[Parser]", name: str, words: str, examples: Sequence[str]
) -> None:
    parser = command(
        actions,
        name,
        _import_flags,
        summary=f"Write a NATS source from the flags of {words}; stderr says what is not taken "
        "over.",
        examples=examples,
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    parser.set_defaults(format=name)
    parser.add_argument(
        "flags",
        nargs="+",
        metavar="FLAG",
        help="its command line behind --, or a file that holds it",
    )
    _output_arguments(parser)


def _register_import(actions: "Commands[Parser]", name: str, words: str) -> None:
    parser = command(
        actions,
        name,
        _import,
        summary=f"Write a spec from SLOs of {words}; stderr says what is not taken over.",
        examples=[
            f"obs import {name} slos/*.yml --url https://prometheus:9090 --out obs.yaml",
            f"obs import {name} slos.yml --source metrics --selectors > obs.yaml",
        ],
        found=_LOST,
        exit_codes=(0, 1, 2),
    )
    parser.set_defaults(format=name)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file of SLOs")
    parser.add_argument(
        "--source",
        metavar="NAME",
        default="prometheus",
        help="name of the Prometheus source that the SLIs use (default: prometheus)",
    )
    parser.add_argument("--url", metavar="URL", help="URL of that source (default: as FILE says)")
    parser.add_argument(
        "--selectors",
        action="store_true",
        help="count by plain selectors where a query is sum(rate(SELECTOR[…])): each event in its "
        "own minute",
    )
    _output_arguments(parser)


def _output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: stdout)")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")


def _import(arguments: argparse.Namespace) -> int:
    from obs.imports.formats import FORMATS, import_files
    from obs.imports.imported import Options, check_source

    check_source(arguments.source, arguments.url)
    _refuse_to_replace(arguments)
    options = Options(arguments.source, arguments.url, arguments.selectors)
    found = import_files(FORMATS[arguments.format], arguments.files, options)
    _tell(map(str, found.findings))
    if found.text is not None:
        _write(arguments, found.text)
    note(
        f"{counted(found.whole, 'SLO')} wholly taken over, {found.partly} partly, "
        f"{found.refused} not"
    )
    lost = found.refused or any(each.lost for each in found.findings)
    return FOUND if lost else DONE


def _import_configuration(arguments: argparse.Namespace) -> int:
    from obs.imports.exporters.kinds import import_configuration

    _refuse_to_replace(arguments)
    found = import_configuration(arguments.format, arguments.files, keep_names=arguments.keep_names)
    return _sources(arguments, found)


def _import_flags(arguments: argparse.Namespace) -> int:
    from obs.imports.exporters.kinds import import_flags

    _refuse_to_replace(arguments)
    return _sources(arguments, import_flags(arguments.format, arguments.flags))


def _sources(arguments: argparse.Namespace, found: "ImportedSources") -> int:
    _tell(map(str, found.findings))
    if found.text is not None:
        _write(arguments, found.text)
    _tell([found.summary])
    return FOUND if found.lost else DONE


def _export(arguments: argparse.Namespace) -> int:
    from obs.imports.openslo_export import openslo_text

    _refuse_to_replace(arguments)
    text, lost = openslo_text(chosen_spec(arguments))
    _tell(map(str, lost))
    if text:
        _write(arguments, text)
    return FOUND if lost else DONE


def _tell(lines: Iterable[str]) -> None:
    told = list(lines)
    for line in told[:_MOST_LINES]:
        print(safe(line), file=sys.stderr)
    if len(told) > _MOST_LINES:
        print(f"and {len(told) - _MOST_LINES} lines more", file=sys.stderr)


def _refuse_to_replace(arguments: argparse.Namespace) -> None:
    if arguments.out and arguments.out.exists() and not arguments.force:
        raise BadInput(f"{arguments.out}: exists already; give --force to replace it")


def _write(arguments: argparse.Namespace, text: str) -> None:
    if arguments.out is None:
        print(text, end="")
        return
    try:
        Folder(arguments.out.parent).write({arguments.out.name: text})
    except OSError as error:
        raise BadInput(f"{arguments.out}: cannot be written: {error.strerror}") from None
