"""Files of one owner in a folder that a server reads: replaced together, or restored together.

A journal beside the files holds their previous contents until the server has loaded the new ones.
So the next apply can detect one that was killed, and restore the files.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from obs.artifacts import MANIFEST, manifest, manifest_text
from obs.errors import BadInput, ObsError
from obs.folder import Folder, shown, wrong_name
from obs.stacks.plan import Action, PlanStep, Present

KIND: Final = "file"
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_.-]")

Texts = dict[str, str | None]
"""Texts by file name; None: no file."""


class OwnedFiles:
    """The files that `owner` has in `folder`, according to the manifest there.

    Every method raises BadInput where the folder cannot be read or written, or where a name in the
    manifest or the journal is not that of a file in it; then nothing is changed.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = Folder(folder)
        self._owner = owner
        self._journal_name = f".obs-apply-{_OUTSIDE.sub('-', owner)}.json"

    def present(self, wanted: Sequence[str]) -> list[Present]:
        """The owner's files, and other owners' files with the name of a wanted one."""
        with _readable(self._folder):
            owned = set(self._owned())
            texts = {name: self._folder.read(name) for name in sorted({*owned, *wanted})}
            self._journal()  # refused before anything is planned on it
        return [
            Present(KIND, name, text, "" if name in owned else self._foreign(name))
            for name, text in texts.items()
            if text is not None
        ]

    @property
    def pending(self) -> bool:
        """Whether an earlier apply replaced files and was interrupted before the server's check."""
        with _readable(self._folder):
            return self._folder.exists(self._journal_name)

    def apply(
        self,
        steps: Sequence[PlanStep],
        texts: Mapping[str, str],
        load: Callable[[], None],
        check: Callable[[], None],
    ) -> None:
        """Replace the files, make the server `load` them, and `check` that it did.

        Where one of these fails, the files are restored and loaded again.
        """
        try:
            self.replace(steps, texts)
            load()
            check()
        except BaseException:
            self.restore()
            with suppress(ObsError):
                load()
            raise
        self.settle()

    def replace(self, steps: Sequence[PlanStep], texts: Mapping[str, str]) -> None:
        """Execute the steps on files; `texts` are the wanted ones.

        The manifest names the files before they are written, so that they are known as the owner's
        even after an interruption.
        """
        new: dict[str, str | None] = {}
        for step in steps:
            if step.kind == KIND and step.action in (Action.CREATE, Action.CHANGE):
                new[step.name] = texts[step.name]
            elif step.kind == KIND and step.action is Action.DELETE:
                new[step.name] = None
        with _writable(self._folder):
            before = {name: self._folder.read(name) for name in new}
            # After an earlier, killed apply, restore what it replaced, not what it left behind.
            before |= self._journal()
            self._claim({*self._owned(), *new})
            self._folder.write({self._journal_name: json.dumps(before)})
            self._write(new)

    def restore(self) -> None:
        """Write back the files of the journal."""
        with _writable(self._folder):
            self._write(self._journal())
            self.settle()

    def settle(self) -> None:
        """Delete the journal: the replaced files are no longer needed."""
        with _writable(self._folder):
            self._claim([name for name in self._owned() if self._folder.exists(name)])
            self._folder.remove(self._journal_name)

    def _foreign(self, name: str) -> str:
        where = self._folder.path / name
        for owner, names in manifest(self._folder).items():
            if name in names:
                return f"{where} is built for {owner}"
        return f"{where} was not written by obs; rename it, or delete it"

    def _owned(self) -> list[str]:
        names = manifest(self._folder).get(self._owner, [])
        for name in names:
            if why := self._wrong(name):
                where = self._folder.path / MANIFEST
                raise BadInput(
                    f"{where}: the name {shown(name)} {why}; delete it and run this again"
                )
        return names

    def _wrong(self, name: str) -> str:
        """Why this cannot be one of the owner's files; empty where it can."""
        if name.casefold() in (MANIFEST.casefold(), self._journal_name.casefold()):
            return "is that of a file of obs itself"
        return wrong_name(name) or ("leads into another folder" if "/" in name else "")

    def _claim(self, names: set[str] | list[str]) -> None:
        whole = {**manifest(self._folder), self._owner: sorted(names)}
        self._folder.write({MANIFEST: manifest_text(whole)})

    def _journal(self) -> Texts:
        """Raises BadInput where it has other names than those of the owner's files."""
        where = self._folder.path / self._journal_name
        written = self._folder.read(self._journal_name)
        try:
            found = {str(name): _text(each) for name, each in json.loads(written or "{}").items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise BadInput(f"{where}: is damaged; delete it") from None
        owned = self._owned()
        for name in found:
            if name not in owned:
                raise BadInput(
                    f"{where}: {shown(name)} is no file that {MANIFEST} lists for {self._owner}; "
                    f"delete {where.name}"
                )
        return found

    def _write(self, texts: Texts) -> None:
        self._folder.write({name: text for name, text in texts.items() if text is not None})
        for name in (name for name, text in texts.items() if text is None):
            self._folder.remove(name)


def _text(value: object) -> str | None:
    """A text that a file can have. Raises TypeError and UnicodeError."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # no half of a surrogate pair
    return value


@contextmanager
def _readable(folder: Folder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"{error.filename or folder.path}: cannot read: {error.strerror}") from None


@contextmanager
def _writable(folder: Folder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"{error.filename or folder.path}: cannot write: {error.strerror}") from None
