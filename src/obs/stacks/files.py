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

from obs.artifacts import MANIFEST, manifest, manifest_text, write_file
from obs.errors import BadInput, ObsError
from obs.stacks.plan import Action, PlanStep, Present

KIND: Final = "file"
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_.-]")

Texts = Mapping[str, str | None]
"""Texts by file name; None: no file."""


class OwnedFiles:
    """The files that `owner` has in `folder`, according to the manifest there.

    Every method raises BadInput where the folder cannot be read or written.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self._journal_name = f".obs-apply-{_OUTSIDE.sub('-', owner)}.json"

    def present(self, wanted: Sequence[str]) -> list[Present]:
        """The owner's files, and other owners' files with the name of a wanted one."""
        with _readable(self._folder):
            owned = set(manifest(self._folder).get(self._owner, ()))
            texts = {name: self._read(name) for name in sorted({*owned, *wanted})}
        return [
            Present(KIND, name, text, "" if name in owned else self._foreign(name))
            for name, text in texts.items()
            if text is not None
        ]

    @property
    def pending(self) -> bool:
        """Whether an earlier apply replaced files and was interrupted before the server's check."""
        return (self._folder / self._journal_name).exists()

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
            before = {name: self._read(name) for name in new}
            # After an earlier, killed apply, restore what it replaced, not what it left behind.
            self._write_journal({**before, **self._journal()})
            self._claim({*self._owned(), *new})
            self._write(new)

    def restore(self) -> None:
        """Write back the files of the journal."""
        with _writable(self._folder):
            self._write(self._journal())
            self.settle()

    def settle(self) -> None:
        """Delete the journal: the replaced files are no longer needed."""
        with _writable(self._folder):
            present = [name for name in self._owned() if (self._folder / name).exists()]
            self._claim(present)
            (self._folder / self._journal_name).unlink(missing_ok=True)

    def _foreign(self, name: str) -> str:
        for owner, names in manifest(self._folder).items():
            if name in names:
                return f"{self._folder / name} is built for {owner}"
        return f"{self._folder / name} was not written by obs; rename it, or delete it"

    def _owned(self) -> list[str]:
        return manifest(self._folder).get(self._owner, [])

    def _claim(self, names: set[str] | list[str]) -> None:
        whole = {**manifest(self._folder), self._owner: sorted(names)}
        write_file(self._folder / MANIFEST, manifest_text(whole))

    def _journal(self) -> dict[str, str | None]:
        text = self._read(self._journal_name)
        try:
            return dict(json.loads(text)) if text else {}
        except (ValueError, TypeError):
            raise BadInput(f"{self._folder / self._journal_name}: is damaged; delete it") from None

    def _write_journal(self, texts: Texts) -> None:
        write_file(self._folder / self._journal_name, json.dumps(texts))

    def _write(self, texts: Texts) -> None:
        for name, text in texts.items():
            path = self._folder / name
            if text is None:
                path.unlink(missing_ok=True)
            else:
                _put_like(path, text)

    def _read(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None


def _put_like(path: Path, text: str) -> None:
    """Write a file without changing its permissions."""
    mode = path.stat().st_mode if path.exists() else None
    write_file(path, text)
    if mode is not None:
        path.chmod(mode & 0o777)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"{error.filename or folder}: cannot read: {error.strerror}") from None


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"{error.filename or folder}: cannot write: {error.strerror}") from None
