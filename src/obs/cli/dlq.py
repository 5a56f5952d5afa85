"""obs dlq: what its actions take, and which letters they mean."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import (
    Commands,
    Run,
    command,
    command_group,
    format_argument,
    spec_arguments,
)
from obs.cli.parser import Parser
from obs.errors import BadInput

if TYPE_CHECKING:
    from obs.dead_letters.letter import Wanted

_MOST: Final = 1_000_000_000
_SHORTEST_HIDDEN: Final = 5  # seconds; some requests take one
_LONGEST_HIDDEN: Final = 43_200  # seconds; as long as SQS hides a message


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "dlq",
        summary="List, show, replay and purge dead letters of JetStream and SQS.",
        examples=[
            "obs dlq list",
            "obs dlq show main/ADVISORIES --cause 'terminated*'",
            "obs dlq replay cloud/oms-events-dlq --cause NO_PERMISSIONS --rate 50/s",
            "obs dlq replay cloud/oms-events-dlq --cause NO_PERMISSIONS --rate 50/s --yes",
            "obs dlq purge main/DLQ --older-than 30d --save old-letters.jsonl",
        ],
        found="letters came back, were refused or are left",
        exit_codes=(0, 1, 2, 3),
    )
    _list(actions)
    _show(actions)
    _replay(actions)
    _purge(actions)


def _list(actions: "Commands[Parser]") -> None:
    listing = _action(
        actions,
        "list",
        _later("obs.cli.dlq_list", "list_letters"),
        summary="List dead letters by cause.",
        examples=["obs dlq list", "obs dlq list cloud/oms-events-dlq --since 24h --format json"],
        every_box=True,
    )
    format_argument(listing)


def _show(actions: "Commands[Parser]") -> None:
    show = _action(
        actions,
        "show",
        _later("obs.cli.dlq_list", "show_letters"),
        summary="Show dead letters, without secrets and personal data.",
        examples=[
            "obs dlq show main/ADVISORIES --consumer worker --limit 3",
            "obs dlq show main/ADVISORIES --id ORDERS/worker/17",
        ],
    )
    _limit(show, "letters that are shown at most (default: 10)", default=10)
    show.add_argument(
        "--bytes",
        type=_number,
        default=2_000,
        metavar="NUMBER",
        help="characters of each payload that are shown; 0 for none (default: 2000)",
    )
    format_argument(show)


def _replay(actions: "Commands[Parser]") -> None:
    replay = _action(
        actions,
        "replay",
        _later("obs.cli.dlq_replay", "replay_letters"),
        summary="Send dead letters again; without --yes only say which, and where.",
        examples=[
            "obs dlq replay main/ADVISORIES --cause max_deliveries --rate 50/s",
            "obs dlq replay main/ADVISORIES --cause max_deliveries --rate 50/s --yes",
            "obs dlq replay cloud/oms-events-dlq --rule oms-object-changed --to bus --yes",
            "obs dlq replay main/DLQ --all --to orders.retry --limit 10 --yes",
        ],
        found="letters came back or were refused, and the replay stopped; or some are left",
    )
    _limit(replay, "letters that are sent at most (default: all)")
    replay.add_argument(
        "--to",
        metavar="PLACE",
        help="on NATS a subject (default: the one that each had); on AWS the ARN of a queue, topic,"
        " function or bus, or `bus` for the rule's bus, all of whose rules get the event again "
        "(default: the target that failed, or the queue that it came from)",
    )
    replay.add_argument(
        "--rate",
        type=_rate,
        default=50.0,
        metavar="RATE",
        help="letters that are sent at most, such as 50/s or 600/m (default: 50/s)",
    )
    replay.add_argument(
        "--stop-after",
        type=_positive,
        default=1,
        metavar="NUMBER",
        help="stop when so many came back as dead letters or were refused (default: 1)",
    )
    replay.add_argument(
        "--watch",
        type=_seconds,
        default=10.0,
        metavar="DURATION",
        help="how long to watch after the last one whether some come back (default: 10s)",
    )
    replay.add_argument(
        "--again", action="store_true", help="also those that came back after a replay"
    )
    replay.add_argument(
        "--unsure",
        choices=("replay", "skip"),
        default="replay",
        help="what to do with letters that a run which was killed may have sent (default: replay; "
        "their message id tells a receiver that it has them already)",
    )
    replay.add_argument("--keep", action="store_true", help="leave what was sent where it lies")
    _deed(replay, "send them; without it nothing is sent")


def _purge(actions: "Commands[Parser]") -> None:
    purge = _action(
        actions,
        "purge",
        _later("obs.cli.dlq_purge", "purge_letters"),
        summary="Remove dead letters; without --yes only say which.",
        examples=[
            "obs dlq purge main/DLQ --older-than 30d",
            "obs dlq purge cloud/oms-events-dlq --cause NO_RESOURCE --save letters.jsonl --yes",
        ],
        found="some could not be removed",
    )
    purge.add_argument(
        "--older-than",
        type=_seconds,
        metavar="DURATION",
        help="those that are older, for example 30d",
    )
    _limit(purge, "letters that are removed at most (default: all)")
    purge.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="save them first, payloads too, to a new file that only you may read",
    )
    _deed(purge, "remove them; without it nothing is removed")


def _action(
    actions: "Commands[Parser]",
    name: str,
    run: Run,
    *,
    summary: str,
    examples: Sequence[str],
    found: str = "",
    every_box: bool = False,
) -> Parser:
    """An action on the letters that its arguments choose, of one place or with `every_box` of all.

    `found`: of a deed, what exit code 1 means; a deed on all letters has to be asked for.
    """
    codes = (0, 1, 2, 3, 130) if found else (0, 2, 3)
    action = command(
        actions, name, run, summary=summary, examples=examples, found=found, exit_codes=codes
    )
    action.add_argument(
        "box",
        nargs="*" if every_box else None,
        metavar="BOX",
        help="stream or queue, SOURCE/NAME or NAME"
        + (" (default: all of the spec)" if every_box else ""),
    )
    spec_arguments(action)
    _which(action, everything=bool(found))
    return action


def _later(module: str, function: str) -> Run:
    """What runs an action, loaded when it runs."""

    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        code: int = getattr(import_module(module), function)(arguments)
        return code

    return run


def _which(parser: Parser, *, everything: bool = False) -> None:
    which = parser.add_argument_group("which letters")
    for name, what in (
        ("--cause", "of this cause, as `obs dlq list` shows it; also a glob"),
        ("--consumer", "given up by this consumer, CONSUMER or STREAM/CONSUMER; also a glob"),
        ("--rule", "of this rule, RULE or BUS/RULE; also a glob"),
        ("--id", "the letter with this id"),
    ):
        which.add_argument(
            name, action="append", default=[], metavar=name[2:].upper(), help=f"{what}; repeatable"
        )
    which.add_argument(
        "--since",
        type=_since,
        metavar="TIME",
        help="given up since then: a duration such as 2h, or a time such as 2026-03-01T12:00:00Z",
    )
    if everything:
        which.add_argument("--all", action="store_true", help="all")


def _limit(parser: Parser, help: str, *, default: int | None = None) -> None:
    parser.add_argument("--limit", type=_positive, default=default, metavar="NUMBER", help=help)


def _deed(parser: Parser, yes: str) -> None:
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="where to record what was done, and what earlier runs did (default: in state_dir)",
    )
    parser.add_argument(
        "--hide",
        type=_hidden,
        default=60,
        metavar="DURATION",
        help="on SQS, how long letters are hidden from others, prolonged while it runs; after a "
        "kill they come into sight then (default: 1m)",
    )
    parser.add_argument("--yes", action="store_true", help=yes)
    format_argument(parser)


def wanted(arguments: argparse.Namespace, now: float | None = None) -> "Wanted":
    """The letters that the arguments mean. Raises BadInput where a deed is about all without
    --all."""
    from obs.dead_letters.letter import Wanted

    now = time.time() if now is None else now
    older = getattr(arguments, "older_than", None)
    found = Wanted(
        causes=tuple(arguments.cause),
        origins=(*arguments.consumer, *arguments.rule),
        ids=tuple(arguments.id),
        since=arguments.since,
        before=None if older is None else now - older,
    )
    everything = getattr(arguments, "all", None)
    if everything is False and found == Wanted():
        raise BadInput("say which letters: --cause CAUSE, another choice, or --all")
    if everything and found != Wanted():
        raise BadInput("--all: remove it, or the other choice of letters")
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if (number := _number(text)) < 1:
        raise argparse.ArgumentTypeError("0 is too few; write 1 or more")
    return number


def _seconds(text: str) -> float:
    from obs.spec.quantity import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _hidden(text: str) -> int:
    seconds = _seconds(text)
    if not _SHORTEST_HIDDEN <= seconds <= _LONGEST_HIDDEN:
        raise argparse.ArgumentTypeError(f"{text} is out of range; write 5s to 12h")
    return int(seconds)


def _rate(text: str) -> float:
    from obs.dead_letters.pace import parse_rate

    try:
        return parse_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _since(text: str) -> float:
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return time.time() - _seconds(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
