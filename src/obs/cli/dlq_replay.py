"""obs dlq replay."""

import argparse
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from obs.cli.arguments import chosen_spec
from obs.cli.dlq import wanted
from obs.cli.dlq_boxes import Ending, Lines, opened, record_path, tell
from obs.cli.output import counted, json_text, table
from obs.errors import DONE, FOUND, INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

    from obs.dead_letters.plan import Plan
    from obs.dead_letters.replay import Order, Progress

_EXAMPLES: Final = 3


def replay_letters(arguments: argparse.Namespace) -> int:
    """Replay letters of a box, or say which ones would be."""
    from obs.dead_letters.kinds import Opening, chosen
    from obs.dead_letters.plan import planned
    from obs.dead_letters.record_file import RecordFile, read_book
    from obs.dead_letters.replay import Replay

    order = _order(arguments)
    system = chosen_spec(arguments).system
    (choice,) = chosen(system, [arguments.box])
    path = record_path(arguments, system, choice.box.name)
    ending = Ending()
    lines = Lines()
    opening = Opening(arguments.yes, arguments.hide, ending.sleep, lines.tell)
    if not arguments.yes:
        with opened(choice, opening) as box:
            plan = planned(box, read_book(path), order)
        _print_plan(choice.box.name, plan, order, arguments)
        return DONE
    with ending.listening():
        with closing(RecordFile(path, time.time)) as record, opened(choice, opening) as box:
            run = Replay(box, record, order, ending, lambda told: lines.tell(_short(told)))
            try:
                progress = run.run()
            except BaseException:
                print(f"{_short(run.progress)}; record: {path}", file=sys.stderr)
                raise
        _print_result(choice.box.name, progress, path, arguments.format, box.notes)
    if progress.ended == "interrupted":
        return INTERRUPTED
    return FOUND if progress.ended or progress.is_incomplete else DONE


def _order(arguments: argparse.Namespace) -> "Order":
    from obs.dead_letters.replay import Order

    return Order(
        wanted(arguments),
        to=arguments.to,
        rate=arguments.rate,
        limit=arguments.limit,
        watch=arguments.watch,
        stop_after=arguments.stop_after,
        keep=arguments.keep,
        again=arguments.again,
        skip_unsure=arguments.unsure == "skip",
    )


def _short(progress: "Progress") -> str:
    told = f"{progress.sent} sent"
    told += f", {len(progress.returned)} came back" if progress.returned else ""
    return told + (f", {len(progress.refused)} refused" if progress.refused else "")


def _print_plan(box: str, plan: "Plan", order: "Order", arguments: argparse.Namespace) -> None:
    from obs.dead_letters.shown import line
    from obs.spec.quantity import format_duration

    takes = format_duration(round(plan.sent / order.rate, 1) + order.watch)
    if arguments.format == "json":
        print(json_text(_plan_document(box, plan)))
        return
    print(
        f"{box}: would send {plan.sent} of {counted(plan.letters, 'dead letter')}, in about {takes}"
    )
    if plan.ways:
        rows = [("LETTERS", "CAUSE", "FROM", "TO")]
        rows += [
            (
                f"{number}",
                line(way.cause),
                line(way.origin),
                f"{line(way.to)}{': ' * bool(way.to)}NOT SENT: {way.problem}"
                if way.problem
                else line(way.to),
            )
            for way, number in plan.ways.most_common(50)
        ]
        print(table(rows, indent=2))
    for number, what in (
        (plan.finish, "sent by an earlier run: only removed"),
        (
            plan.unsure,
            "of these may have been sent by a run that was ended",
        ),
        (plan.returned, "came back after a replay, and are left; --again sends them once more"),
        (plan.skipped, "may have been sent by a run that was ended, and are left"),
        (plan.left, "beyond --limit"),
    ):
        if number:
            print(f"  {number} {what}")
    tell(plan.notes, plan.warnings)
    print("Nothing was sent; --yes sends them.")


def _plan_document(box: str, plan: "Plan") -> dict[str, Any]:
    from obs.dead_letters.shown import line

    return {
        "box": box,
        "letters": plan.letters,
        "would_send": plan.sent,
        "ways": [
            {
                "letters": number,
                "cause": line(way.cause),
                "from": line(way.origin),
                "to": line(way.to),
                "problem": way.problem,
            }
            for way, number in plan.ways.most_common()
        ],
        "finish": plan.finish,
        "unsure": plan.unsure,
        "came_back_before": plan.returned,
        "skipped": plan.skipped,
        "beyond_limit": plan.left,
        "others": plan.others,
        "warnings": plan.warnings,
        "notes": plan.notes,
    }


def _print_result(box: str, progress: "Progress", path: "Path", form: str, notes: Any) -> None:
    from obs.dead_letters.shown import line

    if form == "json":
        print(json_text(_result_document(box, progress, path)))
        return
    print(f"{box}: {counted(progress.sent, 'dead letter')} sent; {_left(progress)}")
    for number, what in (
        (progress.finished, "sent by an earlier run, and now removed"),
        (progress.unsure, "may have been sent before, by a run that was ended"),
        (progress.duplicates, "of these had arrived before, and were dropped by their message id"),
        (len(progress.gone), "have no message any more, and stay"),
        (progress.known_returned, "came back after a replay, and stay; --again sends them"),
        (progress.skipped, "may have been sent by a run that was ended, and stay"),
        (progress.unremoved, "could not be removed; the next run removes them"),
    ):
        if number:
            print(f"  {number} {what}")
    for letter, why in progress.refused[:_EXAMPLES]:
        print(f"  refused: {letter.id}: {line(why)}")
    for letter, of in progress.returned[:_EXAMPLES]:
        print(f"  came back: {of} as {letter.id} ({line(letter.cause)})")
    tell(notes)
    print(f"record: {path}")


def _left(progress: "Progress") -> str:
    if progress.ended == "returned":
        number = len(progress.returned)
        return f"stopped, because {number} failed again and came back"
    if progress.ended == "refused":
        return f"stopped, because {len(progress.refused)} could not be sent"
    if progress.ended == "interrupted":
        return "interrupted; the same command goes on from here"
    return f"{progress.others} others untouched"


def _result_document(box: str, progress: "Progress", path: "Path") -> dict[str, Any]:
    from obs.dead_letters.shown import line

    return {
        "box": box,
        "sent": progress.sent,
        "duplicates": progress.duplicates,
        "unsure": progress.unsure,
        "removed": progress.removed,
        "finished": progress.finished,
        "gone": [each.id for each in progress.gone],
        "refused": [{"id": each.id, "why": line(why)} for each, why in progress.refused],
        "came_back": [{"id": each.id, "of": of} for each, of in progress.returned],
        "came_back_before": progress.known_returned,
        "skipped": progress.skipped,
        "unremoved": progress.unremoved,
        "others": progress.others,
        "ended": progress.ended,
        "record": str(path),
    }
