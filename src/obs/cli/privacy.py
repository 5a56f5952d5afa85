"""obs privacy."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from obs.cli.arguments import (
    Commands,
    chosen_spec,
    command,
    command_group,
    format_argument,
    spec_arguments,
)
from obs.cli.output import counted, json_text, safe
from obs.cli.parser import Parser
from obs.errors import DONE, FOUND, BadInput

if TYPE_CHECKING:
    from obs.privacy import Finding, Key, Privacy, Rules
    from obs.privacy.reading import Read

_MOST: Final = 10_000
"""Findings that are shown one by one; the others are counted."""
_FOUND: Final = "found personal data or a secret"


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "privacy",
        summary="Find personal data and secrets in payloads and logs, and take them out.",
        examples=[
            "obs privacy scan events.jsonl",
            "obs privacy anonymise events.jsonl --key-file key > clean.jsonl",
        ],
        found=_FOUND,
        exit_codes=(0, 1, 2),
    )
    scan = command(
        actions,
        "scan",
        _scan,
        summary="Report which personal data and secrets are where, never their values.",
        examples=[
            "obs privacy scan events.jsonl",
            "nats sub 'orders.>' --raw --count 100 | obs privacy scan --leave ip",
            "obs privacy scan service.log --format json",
        ],
        found=_FOUND,
        exit_codes=(0, 1, 2),
    )
    _input(scan)
    _rules(scan)
    format_argument(scan)
    for name, summary in (
        ("anonymise", "Replace personal data and secrets by pseudonyms that a key makes."),
        ("encrypt", "Replace personal data and secrets by what the key decrypts."),
        ("decrypt", "Decrypt what `obs privacy encrypt` or obs.privacy has encrypted."),
    ):
        change = command(
            actions,
            name,
            _change,
            summary=summary,
            examples=[
                f"obs privacy {name} events.jsonl --key-file /run/secrets/privacy > out.jsonl",
                f"obs privacy {name} --key-env PRIVACY_KEY < events.jsonl",
            ],
            found="a payload that is no text holds personal data",
            exit_codes=(0, 1, 2),
        )
        change.set_defaults(act=name)
        _input(change)
        _rules(change)
        keys = change.add_mutually_exclusive_group()
        keys.add_argument("--key-file", type=Path, metavar="FILE", help="file with the key")
        keys.add_argument("--key-env", metavar="NAME", help="environment variable with the key")


def _input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        default="-",
        metavar="FILE",
        help="JSON document, JSON lines or text; - is standard input (default)",
    )


def _rules(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser, default=False)
    parser.add_argument(
        "--leave", action="append", default=[], metavar="KIND", help="kind not to look for"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="PATH",
        help="path to leave alone, such as data.items[].email; * is a part of a name",
    )
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME",
        help="further field whose value is personal; each of these is repeatable",
    )


def _chosen_rules(arguments: argparse.Namespace) -> "Rules":
    from obs.privacy import Rules
    from obs.privacy.from_spec import rules_of

    own = rules_of(chosen_spec(arguments).system) if arguments.spec else Rules()
    return Rules(
        own.fields | {*arguments.field},
        (*own.allow, *arguments.allow),
        own.leave | {*arguments.leave},
    )


def _scan(arguments: argparse.Namespace) -> int:
    from obs.privacy import Privacy, Strategy

    privacy = Privacy(Strategy.LOG, rules=_chosen_rules(arguments))
    as_json = arguments.format == "json"
    shown: list[dict[str, Any]] = []
    kinds: Counter[str] = Counter()
    payloads = found_in = 0
    with _opened(arguments.file) as read:
        for each in read:
            payloads += 1
            findings = _found(privacy, each)
            found_in += bool(findings)
            for finding in findings:
                if kinds.total() < _MOST:
                    fact = {"line": each.line, **_facts(finding)}
                    shown.append(fact) if as_json else print(_sentence(each, finding))
                kinds[finding.kind] += 1
    if as_json:
        print(json_text(_summary(payloads, found_in, kinds, shown)))
    else:
        print(_closing(payloads, found_in, kinds))
    return FOUND if kinds else DONE


def _found(privacy: "Privacy", each: "Read") -> "Sequence[Finding]":
    try:
        return privacy.scan(each.payload)
    except BadInput as error:
        where = "" if each.line is None else f"line {each.line}: "
        raise BadInput(f"{where}{error}") from None


def _facts(finding: "Finding") -> dict[str, str]:
    return {"path": finding.path, "kind": finding.kind, "what": finding.words}


def _sentence(each: "Read", finding: "Finding") -> str:
    where = [f"line {each.line}"] if each.line is not None else []
    return safe(": ".join([*where, *([finding.path] if finding.path else []), finding.words]))


def _summary(
    payloads: int, found_in: int, kinds: Counter[str], shown: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "payloads": payloads,
        "with_findings": found_in,
        "kinds": dict(kinds.most_common()),
        "findings": shown,
        "not_shown": kinds.total() - len(shown),
    }


def _closing(payloads: int, found_in: int, kinds: Counter[str]) -> str:
    looked = counted(payloads, "payload")
    if not kinds:
        return f"{looked}: nothing found"
    each = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    more = kinds.total() - _MOST
    rest = f"; {more} more not shown" if more > 0 else ""
    return f"{looked}, {found_in} with {counted(kinds.total(), 'finding')}: {each}{rest}"


def _change(arguments: argparse.Namespace) -> int:
    from obs.privacy import Privacy, Strategy

    strategy = Strategy.ANONYMISE if arguments.act == "anonymise" else Strategy.ENCRYPT
    privacy = Privacy(strategy, _key(arguments), _chosen_rules(arguments))
    act: Callable[[bytes], bytes] = (
        privacy.decrypt if arguments.act == "decrypt" else privacy.protect
    )
    with _opened(arguments.file) as read:
        for each in read:
            if not each.whole:
                raise BadInput(f"line {each.line}: is longer than a payload may be")
            print(act(each.payload).decode(errors="replace"))
    return DONE


def _key(arguments: argparse.Namespace) -> "Key":
    from obs.privacy import key_from_environment, key_from_file
    from obs.privacy.from_spec import key_of

    if arguments.key_env:
        return key_from_environment(arguments.key_env)
    if arguments.key_file:
        return key_from_file(arguments.key_file)
    read = key_of(chosen_spec(arguments).system) if arguments.spec else None
    if read is None:
        raise BadInput("no key: give --key-file, --key-env, or --spec of a spec with privacy.key")
    return read()


@contextlib.contextmanager
def _opened(file: str) -> "Iterator[Iterator[Read]]":
    from obs.privacy.reading import payloads

    try:
        with contextlib.ExitStack() as stack:
            stream: BinaryIO = (
                sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
            )
            yield payloads(stream)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a path"
        raise BadInput(f"{file}: cannot be read: {why}") from None
