"""Command lines of Go programs: `-varz -jsz=all -p 7777 URL`, on one line or in a file."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from obs.errors import BadInput
from obs.files import UnreadableFile, read_file
from obs.imports.findings import Findings
from obs.spec.report import did_you_mean
from obs.spec.tree import FilePlace

COMMAND_LINE: Final = "command line"
_MOST_BYTES: Final = 1_000_000
_ON: Final = ("", "1", "t", "true", "T", "TRUE", "True")
_END: Final = "\\"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag by all of its names; `short` ones need a value in the next word.

    `ours` is the field of the spec that says the same, empty for none. `told` is a remark, and of a
    `lost` one why it was not taken over and what to do. The value of a `secret` one is not shown.
    """

    names: tuple[str, ...]
    takes: str = ""
    ours: str = ""
    told: str = ""
    lost: bool = False
    secret: bool = False

    @property
    def name(self) -> str:
        """Its first name."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command line, and where it is."""

    text: str
    place: FilePlace


@dataclass(frozen=True, slots=True)
class Given:
    """The flags that are given, by their first names, and the other words."""

    flags: Mapping[str, Word]
    others: tuple[Word, ...]

    def on(self, name: str) -> bool:
        """Whether a flag without a value is given and not false."""
        return name in self.flags and self.flags[name].text in _ON

    def text(self, name: str) -> str:
        """The value of a flag; empty where it is not given."""
        return self.flags[name].text if name in self.flags else ""


def words_of(arguments: Sequence[str]) -> list[Word]:
    """The words of a command line. A single one that is a file is read: its lines hold the flags,
    with # for comments and a backslash at the end of a line. One with spaces is a whole line in
    quotes. Raises BadInput.
    """
    if len(arguments) == 1 and not arguments[0].startswith("-") and Path(arguments[0]).is_file():
        return list(_of_file(Path(arguments[0])))
    return [Word(each, FilePlace(COMMAND_LINE, 1, ())) for each in _unquoted(arguments)]


def _unquoted(arguments: Sequence[str]) -> Sequence[str]:
    if len(arguments) > 1 or " " not in arguments[0]:
        return arguments
    try:
        return shlex.split(arguments[0])
    except ValueError as error:
        raise BadInput(f"{COMMAND_LINE}: {error}; close the quote") from None


def _of_file(path: Path) -> Iterator[Word]:
    try:
        lines = read_file(path, _MOST_BYTES).decode("utf-8-sig").splitlines()
    except UnreadableFile as error:
        raise BadInput(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    for number, line in enumerate(lines, 1):
        try:
            for each in shlex.split(line.rstrip().removesuffix(_END), comments=True):
                yield Word(each, FilePlace(str(path), number, ()))
        except ValueError as error:
            raise BadInput(f"{path}:{number}: {error}; close the quote on its line") from None


def read_flags(
    words: Iterable[Word], flags: Sequence[Flag], programs: Sequence[str], findings: Findings
) -> Given:
    """What is given; what the program does not know is told. Names of the program are skipped."""
    known = {name: flag for flag in flags for name in flag.names}
    given: dict[str, Word] = {}
    others: list[Word] = []
    rest = iter(words)
    for word in rest:
        if not word.text.startswith("-") or word.text == "-":
            if Path(word.text).name not in programs:
                others.append(word)
            continue
        name, equals, value = word.text.lstrip("-").partition("=")
        dashes = word.text[: len(word.text) - len(word.text.lstrip("-"))]
        place = FilePlace(word.place.file, word.place.line, (f"{dashes}{name}",))
        flag = known.get(name)
        if flag is None:
            hint = did_you_mean(name, known) or "; left out"
            findings.lost(place, f"is no flag of {programs[0]}{hint}")
            continue
        if flag.takes and not equals:
            following = next(rest, None)
            value = following.text if following else ""
        given[flag.name] = Word(value, place)
    return Given(given, tuple(others))


def tell(given: Given, flags: Sequence[Flag], findings: Findings) -> None:
    """The remarks on what is given."""
    for flag in flags:
        word = given.flags.get(flag.name)
        if word is None or not flag.told or (not flag.takes and not given.on(flag.name)):
            continue
        message = flag.told if not flag.ours else f"{flag.ours}: {flag.told}"
        if flag.lost:
            findings.lost(word.place, message)
        else:
            findings.note(word.place, message)
