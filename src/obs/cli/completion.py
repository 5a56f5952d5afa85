"""obs completion."""

import argparse
from typing import Final

from obs.cli.arguments import Commands, command
from obs.cli.parser import Parser
from obs.errors import DONE

_SHELLS: Final = ("bash", "zsh", "fish")
_FILES: Final = {"FILE", "PATH"}
_FOLDERS: Final = {"DIR", "FOLDER"}


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    completion = command(
        commands,
        "completion",
        _completion,
        summary="Print the completion of commands and options for a shell.",
        examples=[
            "obs completion bash > ~/.local/share/bash-completion/completions/obs",
            'obs completion zsh > "${fpath[1]}/_obs"',
            "obs completion fish > ~/.config/fish/completions/obs.fish",
        ],
    )
    completion.add_argument("shell", choices=_SHELLS, metavar="SHELL", help=", ".join(_SHELLS))


def _completion(arguments: argparse.Namespace) -> int:
    import shtab

    from obs.cli.main import parser

    whole = parser()
    _complete(whole)
    print(shtab.complete(whole, arguments.shell))
    return DONE


def _complete(parser: argparse.ArgumentParser) -> None:
    """Say which arguments are files and folders; and of choices that are found late, which."""
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _complete(below)
            continue
        if action.choices is not None:
            action.choices = tuple(map(str, action.choices))
        kind = {**dict.fromkeys(_FILES, shtab.FILE), **dict.fromkeys(_FOLDERS, shtab.DIRECTORY)}
        if action.metavar in kind:
            action.complete = kind[action.metavar]  # type: ignore[attr-defined]
