"""The obs command: parses arguments, runs one command and returns its exit code."""

import argparse
import gc
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from obs import __version__
from obs.cli.arguments import show_help
from obs.cli.logs import set_up_errors
from obs.cli.parser import Parser
from obs.cli.streams import give_up_output, is_full, open_missing_streams
from obs.cli.terminal import located, plain_output, set_quiet
from obs.errors import BAD_INPUT, BROKEN_PIPE, INTERRUPTED, UNAVAILABLE, ObsError
from obs.extras import MissingExtra, extra_of
from obs.failure import internal_error

COMMAND_MODULES: Final = (
    "obs.cli.init",
    "obs.cli.doctor",
    "obs.cli.spec",
    "obs.cli.collect",
    "obs.cli.status",
    "obs.cli.state",
    "obs.cli.build",
    "obs.cli.alerts",
    "obs.cli.dashboards",
    "obs.cli.check",
    "obs.cli.canary",
    "obs.cli.iam",
    "obs.cli.nats",
    "obs.cli.packs",
    "obs.cli.privacy",
    "obs.cli.slo",
    "obs.cli.imports",
    "obs.cli.demo",
    "obs.cli.dlq",
    "obs.cli.drill",
    "obs.cli.completion",
)
"""Each has `register(commands)`, and imports what it runs only when it runs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    gc.set_threshold(100_000, 20, 20)  # what is imported stays: searching it delays each command
    open_missing_streams()
    set_up_errors()
    with plain_output():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    try:
        words = sys.argv[1:] if argv is None else argv
        arguments = parser(words).parse_args(words)
        set_quiet(getattr(arguments, "quiet", False))
        code = _run(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # how argparse ends after --help or a bad argument
        return stop.code if isinstance(stop.code, int) else BAD_INPUT
    except ObsError as error:
        print(located(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone: keep the interpreter's own flush from failing.
        give_up_output()
        return BROKEN_PIPE
    except Exception as error:  # the last resort: no text of a library reaches a user
        logging.getLogger(__name__).debug("internal error", exc_info=error)
        print(f"obs: {_told(error)}", file=sys.stderr)
        return UNAVAILABLE
    return code


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and is_full(error):
        give_up_output()
        return f"the output cannot be written: {error.strerror}"
    return internal_error(error)


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.run(arguments)
    except ModuleNotFoundError as error:
        extra = extra_of(error.name or "")
        if extra is None:
            raise
        raise MissingExtra(extra, arguments.command) from None
    return code


def parser(words: Sequence[str] = ()) -> Parser:
    """The parser with every command in it; where these words begin with one, with that alone."""
    whole = Parser(
        prog="obs",
        description="Observability for event-driven systems on NATS JetStream and EventBridge.",
        epilog="Run `obs COMMAND --help` for details. Exit codes: 0 done, 1 found something, "
        "2 bad input, 3 a system it needs did not answer, or an error within obs.",
    )
    whole.add_argument("--version", action="version", version=f"obs {__version__}")
    whole.set_defaults(run=lambda arguments: show_help(whole))
    commands = whole.add_subparsers(title="commands", metavar="COMMAND")
    own = f"obs.cli.{words[0]}" if words else ""
    for name in (own,) if own in COMMAND_MODULES else COMMAND_MODULES:
        import_module(name).register(commands)
    return whole
