"""Files of one owner in a folder that a server reads: replaced together, or put back together.

What is about to be replaced is kept in a journal beside the files until the server has taken what
is new. So an apply that was killed is known as such, and can be taken back by the next.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from obs.artifacts import MANIFEST, manifest, manifest_text, write_file
from obs.errors import BadInput, ObsError
from obs.stacks.plan import Change, PlanStep, Present

KIND: Final = "file"
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_.-]")

Texts = Mapping[str, str | None]
"""Texts by the file's name; None where there is, or is to be, no file."""


class OwnedFiles:
    """The files that `owner` has in `folder`, according to the manifest there.

    Every method raises BadInput where the folder cannot be read or written.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self._journal_name = f".obs-apply-{_OUTSIDE.sub('-', owner)}.json"

    def present(self, wanted: Sequence[str]) -> list[Present]:
        """The owner's files, and those of somebody else that have the name of a wanted one."""
        with _readable(self._folder):
            owned = set(manifest(self._folder).get(self._owner, ()))
            texts = {name: self._read(name) for name in sorted({*owned, *wanted})}
        return [
            Present(KIND, name, text, "" if name in owned else self._whose(name))
            for name, text in texts.items()
            if text is not None
        ]

    @property
    def pending(self) -> bool:
        """Whether files were replaced, and whether the server took them was never known."""
        return (self._folder / self._journal_name).exists()

    def apply(
        self,
        steps: Sequence[PlanStep],
        texts: Mapping[str, str],
        load: Callable[[], None],
        check: Callable[[], None],
    ) -> None:
        """Replace the files and have the server `load` them.

        All is as before, in the server too, where that or the `check` of it fails.
        """
        try:
            self.replace(steps, texts)
            load()
            check()
        except BaseException:
            self.put_back()
            with suppress(ObsError):
                load()
            raise
        self.settle()

    def replace(self, steps: Sequence[PlanStep], texts: Mapping[str, str]) -> None:
        """Do what the steps on files say; `texts` are the wanted ones.

        The files are claimed before they are written, so that they are known as ours even where
        nothing else is done any more.
        """
        new: dict[str, str | None] = {}
        for step in steps:
            if step.kind == KIND and step.verdict in (Change.CREATE, Change.CHANGE):
                new[step.name] = texts[step.name]
            elif step.kind == KIND and step.verdict is Change.DELETE:
                new[step.name] = None
        with _writable(self._folder):
            before = {name: self._read(name) for name in new}
            # What an earlier, killed apply replaced is what is put back, not what it left.
            self._write_journal({**before, **self._journal()})
            self._claim({*self._owned(), *new})
            self._write(new)

    def put_back(self) -> None:
        """The files as they were before they were replaced."""
        with _writable(self._folder):
            self._write(self._journal())
            self.settle()

    def settle(self) -> None:
        """What was replaced is not needed any more."""
        with _writable(self._folder):
            kept = [name for name in self._owned() if (self._folder / name).exists()]
            self._claim(kept)
            (self._folder / self._journal_name).unlink(missing_ok=True)

    def _whose(self, name: str) -> str:
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
    """Write a file with the permissions that it has."""
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
