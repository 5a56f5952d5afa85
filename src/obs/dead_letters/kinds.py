"""The kinds of boxes, and the box that a user means."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final, NamedTuple, cast

from obs.dead_letters.box import Box
from obs.errors import BadInput, SourceError
from obs.spec.report import did_you_mean
from obs.spec.system import System


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


class Opening(NamedTuple):
    """How boxes are opened. `patient`: wait for letters that others hold. `hidden`: seconds for
    which letters are hidden from others while they are held. `sleep`: True at the run's end.
    `tell`: shows what is waited for."""

    patient: bool = False
    hidden: int = 60
    sleep: Callable[[float], bool] = _sleep
    tell: Callable[[str], None] = lambda _: None


class Named(NamedTuple):
    """A box by its name, `SOURCE/STREAM` or `SOURCE/QUEUE`. Opening it sends nothing yet."""

    name: str
    open: Callable[[Opening], Box]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of boxes. `rights`: the command that prints those it needs. `where`: what in a spec
    makes one."""

    room: str
    rights: str
    where: str

    def named(self, system: System) -> Iterator[Named]:
        """Those that the spec names in full."""
        return self._of("named", system)

    def found(self, system: System) -> Iterator[Named]:
        """Those that it means beside these, which the system has to be asked for. Raises
        SourceError."""
        return self._of("found", system)

    def _of(self, function: str, system: System) -> Iterator[Named]:
        module = import_module(f"obs.dead_letters.{self.room}.boxes")
        with self.naming_rights():
            yield from cast("Iterator[Named]", getattr(module, function)(system))

    @contextmanager
    def naming_rights(self) -> Iterator[None]:
        """Let an error of a missing right say which command prints those that are needed."""
        try:
            yield
        except SourceError as error:
            if error.reason != "auth":
                raise
            said = f"{error}; `{self.rights}` prints what it needs"
            raise SourceError("auth", said) from None


KINDS: Final = (
    Kind(
        "jetstream",
        "obs nats permissions --for dlq",
        "on NATS, advisory_stream or dead_letters of a connection",
    ),
    Kind("sqs", "obs iam policy --for dlq", "on AWS, queues or a rule with a dead-letter queue"),
)


class Choice(NamedTuple):
    """A box and its kind."""

    kind: Kind
    box: Named


def chosen(system: System, names: Sequence[str]) -> list[Choice]:
    """The boxes of these names, whole or without the source.

    Systems are only asked where the spec does not tell. Raises BadInput where there is none, or a
    name means two, and SourceError.
    """
    known = _unique(Choice(kind, each) for kind in KINDS for each in kind.named(system))
    if not all(_matching(known, name) for name in names):
        more = (Choice(kind, each) for kind in KINDS for each in kind.found(system))
        known = _unique((*known, *more))
    return [_one(known, name) for name in names]


def every(system: System) -> tuple[list[Choice], list[SourceError]]:
    """All boxes, and why some may be missing. Raises BadInput where the spec has none."""
    known = [Choice(kind, each) for kind in KINDS for each in kind.named(system)]
    missed: list[SourceError] = []
    for kind in KINDS:
        try:
            known += [Choice(kind, each) for each in kind.found(system)]
        except SourceError as error:
            missed.append(error)
    if not known and not missed:
        raise BadInput(
            f"the spec names no dead letters; add {'; '.join(each.where for each in KINDS)}"
        )
    return _unique(known), missed


def _unique(choices: "Iterator[Choice] | Sequence[Choice]") -> list[Choice]:
    return [*{each.box.name: each for each in reversed([*choices])}.values()][::-1]


def _matching(known: Sequence[Choice], name: str) -> list[Choice]:
    whole = [each for each in known if each.box.name == name]
    return whole or [each for each in known if each.box.name.partition("/")[2] == name]


def _one(known: Sequence[Choice], name: str) -> Choice:
    found = _matching(known, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(f"{name}: is it {' or '.join(each.box.name for each in found)}?")
    names = [each.box.name for each in known]
    hint = did_you_mean(name, names) or f"; choose from {', '.join(names) or 'none'}"
    raise BadInput(f"{name}: the spec names no such dead letters{hint}")
