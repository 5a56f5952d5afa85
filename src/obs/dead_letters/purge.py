"""Letters taken out of a box for good, with a copy first where the user wants one."""

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from obs.dead_letters.box import Box
from obs.dead_letters.groups import Group, grouped
from obs.dead_letters.letter import DeadLetter, Wanted
from obs.dead_letters.replay import Record
from obs.errors import BadInput

_CHUNK: Final = 50
_PRIVATE: Final = 0o600


@dataclass(slots=True)
class Purged:
    """What was removed, or would be. `unremoved`: how many could not be."""

    groups: list[Group] = field(default_factory=list)
    letters: int = 0
    removed: int = 0
    unremoved: int = 0
    ended: bool = False
    notes: list[str] = field(default_factory=list)


def purgeable(box: Box, wanted: Wanted, limit: int | None) -> tuple[list[DeadLetter], int]:
    """The letters that a purge takes, without their content, and how many there are in all."""
    found: list[DeadLetter] = []
    total = 0
    while letters := box.read():
        total += len(letters)
        found += [each for each in letters if wanted.takes(each)]
    return found[:limit], total


def purge(
    box: Box,
    letters: Sequence[DeadLetter],
    record: Record,
    save: "SavedLetters | None",
    ended: Callable[[], bool],
) -> Purged:
    """Save and remove letters, some at a time. `ended`: whether the user ends it.

    Raises SourceError, and BadInput where record or copy cannot be written.
    """
    done = Purged(grouped(letters))
    for at in range(0, len(letters), _CHUNK):
        if ended():
            done.ended = True
            break
        chunk = letters[at : at + _CHUNK]
        if save is not None:
            save.add(box.filled(chunk))
        record.write_each("purge", chunk)
        out = set(box.remove(chunk))
        record.write_each("purged", [each for each in chunk if each.id in out])
        done.removed += len(out)
        done.unremoved += len(chunk) - len(out)
        box.keep()
    return done


class SavedLetters:
    """A new file of letters, a line of JSON each, that only its owner may read.

    Raises BadInput where it exists already, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._file = os.fdopen(os.open(path, flags, _PRIVATE), "w", encoding="utf-8")
        except FileExistsError:
            raise BadInput(f"--save {path}: it exists already; name a new file") from None
        except OSError as error:
            raise BadInput(f"--save {path}: cannot be written: {error.strerror}") from None

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Save letters; on the disk when it returns."""
        try:
            self._file.writelines(_lines(letters))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise BadInput(f"--save {self._path}: cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _lines(letters: Sequence[DeadLetter]) -> Iterator[str]:
    for each in letters:
        content = each.content
        document: dict[str, Any] = {
            "id": each.id,
            "cause": each.cause,
            "origin": each.origin,
            "target": each.target,
            "at": each.at,
            "detail": each.detail,
            **({"gone": each.gone} if content is None else {}),
        }
        if content is not None:
            document |= {
                "subject": content.subject,
                "headers": [*map(list, content.headers)],
                "payload": base64.b64encode(content.payload).decode(),
            }
        yield json.dumps(document) + "\n"
