"""obs dlq list and obs dlq show."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from obs.cli.arguments import chosen_spec
from obs.cli.dlq import wanted
from obs.cli.dlq_boxes import moment, opened, tell, written
from obs.cli.output import counted, json_text, table
from obs.errors import DONE, SourceError

if TYPE_CHECKING:
    from obs.dead_letters.box import Box
    from obs.dead_letters.groups import Group
    from obs.dead_letters.letter import DeadLetter, Wanted

_MOST = 200_000
"""Letters that are read of a box."""


def list_letters(arguments: argparse.Namespace) -> int:
    """List the letters of boxes by cause."""
    from obs.dead_letters.groups import grouped
    from obs.dead_letters.kinds import Opening, chosen, every

    system = chosen_spec(arguments).system
    which = wanted(arguments)
    documents = []
    choices, missed = (chosen(system, arguments.box), []) if arguments.box else every(system)
    for choice in choices:
        try:
            with opened(choice, Opening()) as box:
                found = list(_letters(box, which, _MOST))
        except SourceError as error:  # the others may answer
            missed.append(SourceError(error.reason, f"{choice.box.name}: {error}"))
            continue
        groups = grouped(found)
        if arguments.format == "json":
            documents.append(_document(box, groups, len(found)))
            continue
        print(f"{box.name}: {counted(len(found), 'dead letter')}")
        if groups:
            print(group_table(groups))
        tell(box.notes)
    if arguments.format == "json":
        print(json_text({"boxes": documents}))
    for each in missed:
        print(each, file=sys.stderr)
    return missed[0].exit_code if missed else DONE


def show_letters(arguments: argparse.Namespace) -> int:
    """Show some letters of a box."""
    from obs.dead_letters.kinds import Opening, chosen

    system = chosen_spec(arguments).system
    (choice,) = chosen(system, [arguments.box])
    with opened(choice, Opening()) as box:
        found = list(_letters(box, wanted(arguments), arguments.limit))
        filled = [
            each
            for at in range(0, len(found), box.batch)
            for each in box.filled(found[at : at + box.batch])
        ]
    if arguments.format == "json":
        print(json_text([_shown(each, arguments.bytes) for each in filled]))
        return DONE
    print("\n\n".join(_text(each, arguments.bytes) for each in filled) or "no such dead letters")
    tell(box.notes)
    return DONE


def _letters(box: "Box", which: "Wanted", most: int) -> "Iterator[DeadLetter]":
    number = 0
    while letters := box.read():
        for each in letters:
            if which.takes(each):
                if number == most:
                    return
                number += 1
                yield each


def group_table(groups: "list[Group]") -> str:
    """Groups as a table."""
    from obs.dead_letters.shown import line

    rows = [("LETTERS", "CAUSE", "FROM", "OLDEST", "NEWEST", "SAYS")]
    for each in groups:
        gone = f"{each.gone} gone" if each.gone else ""
        target = f"target {each.why.target}" if each.why.target else ""
        says = "; ".join(filter(None, (line(each.example, 80), target, gone)))
        rows.append(
            (
                f"{each.letters}",
                line(each.why.cause),
                line(each.why.origin),
                moment(each.oldest),
                moment(each.newest),
                says,
            )
        )
    return table(rows, indent=2)


def _document(box: "Box", groups: "list[Group]", letters: int) -> dict[str, Any]:
    return {
        "name": box.name,
        "letters": letters,
        "groups": [group_document(each) for each in groups],
        "notes": [*box.notes],
    }


def group_document(group: "Group") -> dict[str, Any]:
    """A group as JSON has it."""
    from obs.dead_letters.shown import line

    return {
        "cause": line(group.why.cause),
        "from": line(group.why.origin),
        "target": group.why.target,
        "letters": group.letters,
        "gone": group.gone,
        "oldest": written(group.oldest),
        "newest": written(group.newest),
        "says": line(group.example),
        "id": group.id,
    }


def _shown(letter: "DeadLetter", most: int) -> dict[str, Any]:
    from obs.dead_letters.shown import headers, line, payload

    content = letter.content
    shown: dict[str, Any] = {
        "id": letter.id,
        "cause": line(letter.cause),
        "from": line(letter.origin),
        "target": letter.target,
        "at": written(letter.at),
        "attempts": letter.attempts,
        "says": line(letter.detail),
        "gone": letter.gone,
    }
    if content is None:
        return shown
    return shown | {
        "subject": line(content.subject),
        "headers": [list(each) for each in headers(letter)],
        "bytes": len(content.payload),
        "payload": payload(letter, most) if most else "",
    }


def _text(letter: "DeadLetter", most: int) -> str:
    shown = _shown(letter, most)
    words = {
        "cause": shown["cause"],
        "from": shown["from"],
        "target": shown["target"],
        "at": moment(letter.at),
        "tried": counted(letter.attempts, "time") if letter.attempts else "",
        "says": shown["says"],
        "gone": letter.gone,
        "subject": shown.get("subject", ""),
    }
    rows = [(name, text) for name, text in words.items() if text]
    rows += [("header", f"{name}: {value}") for name, value in shown.get("headers", ())]
    if "bytes" in shown:
        rows.append(("payload", counted(shown["bytes"], "byte")))
    lines = [letter.id, table(rows, indent=2)]
    if text := shown.get("payload"):
        lines += [f"    {each}" for each in text.splitlines()]
    return "\n".join(lines)
