"""obs dlq purge."""

import argparse
import time
from contextlib import ExitStack, closing

from obs.cli.arguments import chosen_spec
from obs.cli.dlq import wanted
from obs.cli.dlq_boxes import Ending, opened, record_path, tell
from obs.cli.dlq_list import group_document, group_table
from obs.cli.output import counted, json_text
from obs.errors import DONE, FOUND, INTERRUPTED


def purge_letters(arguments: argparse.Namespace) -> int:
    """Remove letters of a box, or say which ones would be."""
    from obs.dead_letters.groups import grouped
    from obs.dead_letters.kinds import Opening, chosen
    from obs.dead_letters.purge import Purged, SavedLetters, purge, purgeable
    from obs.dead_letters.record_file import RecordFile

    which = wanted(arguments)
    system = chosen_spec(arguments).system
    (choice,) = chosen(system, [arguments.box])
    path = record_path(arguments, system, choice.box.name)
    ending = Ending()
    with ExitStack() as stack:
        if arguments.yes:
            stack.enter_context(ending.listening())
            record = stack.enter_context(closing(RecordFile(path, time.time)))
        opening = Opening(hidden=arguments.hide, sleep=ending.sleep)
        box = stack.enter_context(opened(choice, opening))
        letters, total = purgeable(box, which, arguments.limit)
        if arguments.yes:
            save = None
            if arguments.save is not None and letters:
                save = stack.enter_context(closing(SavedLetters(arguments.save)))
            done = purge(box, letters, record, save, lambda: ending.is_near)
        else:
            done = Purged(grouped(letters))
    if arguments.format == "json":
        document = {
            "box": box.name,
            "letters": total,
            "chosen": len(letters),
            "removed": done.removed,
            "groups": [group_document(each) for each in done.groups],
            "notes": [*box.notes],
        }
        print(json_text(document))
    else:
        deed = f"removed {done.removed}" if arguments.yes else f"would remove {len(letters)}"
        print(f"{box.name}: {deed} of {counted(total, 'dead letter')}")
        if done.groups:
            print(group_table(done.groups))
        if done.unremoved:
            print(f"  {done.unremoved} could not be removed; run it again")
        tell(box.notes)
        print(f"record: {path}" if arguments.yes else "Nothing was removed; --yes removes them.")
    if done.ended:
        return INTERRUPTED
    return FOUND if done.unremoved else DONE
