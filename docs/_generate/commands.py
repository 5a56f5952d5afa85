"""Every command: what it does, its options, examples and exit codes, from its parser."""

import argparse
from collections.abc import Iterator
from typing import Final

from docs._generate.declared import below, target
from docs._generate.markdown import anchor, block, code, joined, table, words
from docs._generate.since import since
from obs.cli.arguments import EXIT_CODES
from obs.cli.main import parser

_WIDTH: Final = 88


def pages() -> dict[str, str]:
    """A page for each command, with its actions."""
    tops = below(parser())
    return {
        "commands/index": _index(tops),
        **{f"commands/{top.prog.split()[-1]}": _page(top) for top in tops},
    }


def _index(tops: list[argparse.ArgumentParser]) -> str:
    rows = ((f"[{code(each.prog)}](#{target(each)})", words(_about(each))) for each in tops)
    return joined(
        "# Commands",
        table(("command", "what it does"), rows),
        anchor("exit-codes"),
        "## Exit codes",
        table(("code", "meaning"), ((str(number), means) for number, means in EXIT_CODES.items())),
        "Each command says in its help what 1 means for it. The environment variable `OBS_SPEC` "
        "names the spec where `--spec` is not given; without both it is `obs.yaml` in the working "
        "directory.",
        "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
    )


def _page(top: argparse.ArgumentParser) -> str:
    return joined(_command(top, 1), *(_command(each, 2) for each in below(top)))


def _command(command: argparse.ArgumentParser, level: int) -> str:
    about, ends = (command.description or ""), (command.epilog or "")
    options = list(_options(command))
    return joined(
        anchor(target(command)),
        f"{'#' * level} {command.prog}",
        f"{words(about)} Since {since(target(command))}.",
        block(_usage(command), "text"),
        "\n\n".join(options),
        block(ends, "text") if ends else "",
    )


def _usage(command: argparse.ArgumentParser) -> str:
    formatter = argparse.RawDescriptionHelpFormatter(command.prog, width=_WIDTH)
    formatter.add_usage(command.usage, command._actions, command._mutually_exclusive_groups)
    return formatter.format_help().strip()


def _options(command: argparse.ArgumentParser) -> Iterator[str]:
    formatter = argparse.HelpFormatter(command.prog, width=_WIDTH)
    for action in command._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        if action.help == argparse.SUPPRESS:
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        takes = action.option_strings and action.nargs != 0
        value = f" {action.metavar}" if takes and action.metavar else _choices(action, takes)
        yield f"`{name}{value}`\n: {words(formatter._expand_help(action) if action.help else '')}"


def _choices(action: argparse.Action, takes: object) -> str:
    if not takes:
        return ""
    if action.choices:
        return f" {'|'.join(map(str, action.choices))}"
    return f" {action.dest.upper()}"


def _about(command: argparse.ArgumentParser) -> str:
    return command.description or ""
