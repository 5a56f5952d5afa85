"""Why a text is not YAML, in obs' words.

PyYAML's own differ between its releases, and between libyaml and its parser in Python; they never
reach the user.
"""

import re
from dataclasses import dataclass
from typing import Final

import yaml

ERRORS: Final = (yaml.YAMLError, ValueError, OverflowError, RecursionError)
"""What reading YAML raises: the parser in Python lets errors of `chr` and `int` through."""

_TAB: Final = "indented with a tab; YAML wants spaces"
_INVALID: Final = "is not valid YAML: "
_UNCLOSED_QUOTE: Final = "the quote that opens here is not closed; close it with the same quote"
_ESCAPE: Final = 'unknown escape between "…"; write \\\\ for a backslash, or use single quotes'
_NAMELESS: Final = "& and * take a name right after them; quote a text that begins with one"
_ANCHOR_TWICE: Final = "an anchor of this name already exists; choose another name"
_NO_ANCHOR: Final = "* refers to no anchor above it; define it with &name, or quote the text"
_TAG: Final = "! begins a YAML tag, which is not used here; quote a text that begins with !"
_DIRECTIVE: Final = (
    "% begins a YAML directive, which is not used here; remove it, or quote the text"
)
_BLOCK_TEXT: Final = "nothing follows | or > on its line; write the text below it, indented"
_LIST: Final = "the [ that opens here is not closed, or a comma is missing; write [one, two]"
_MAPPING: Final = "the { that opens here is not closed, or a comma is missing; write {a: 1, b: 2}"
_ENDS_INSIDE: Final = "the file ends inside [ or {; close it"
_NO_VALUE: Final = (
    "a value is missing between brackets or commas; write [one, two], or {a: 1, b: 2}"
)
_SECOND_COLON: Final = "a second colon in one value; quote a text that contains ': '"
_COLON: Final = (
    "a field begins inside the value above it; begin it in the column of its neighbours, "
    "or write the colon that is missing above"
)
_ITEM: Final = "a list cannot begin here; begin it on the line below its key"
_NO_COLON: Final = "a key without a colon; write key: value"
_TRAILING: Final = "text after the end of a value; quote the whole value"
_COLUMN: Final = (
    "does not continue the lines above it; begin what belongs together in the same column, "
    "as key: value or as - item"
)
_SECOND_DOCUMENT: Final = "text after the end of the document; write one document a file"
_KEY: Final = "a key must be a single word"
_OTHER: Final = "cannot be read from here on; check its indentation, quotes and brackets"

# By what both parsers say, in this order; True where the mistake is where the part begins.
_KINDS: Final = tuple(
    (re.compile(pattern), words, at_start)
    for pattern, words, at_start in (
        (r"quoted scalar.*(stream|document)", _UNCLOSED_QUOTE, True),
        (r"quoted scalar", _ESCAPE, False),
        (r"an (anchor|alias)", _NAMELESS, False),
        (r"duplicate anchor", _ANCHOR_TWICE, False),
        (r"undefined alias", _NO_ANCHOR, False),
        (r"directive|YAML document|duplicate tag handle", _DIRECTIVE, False),
        (r"\btag\b", _TAG, False),
        (r"block scalar", _BLOCK_TEXT, False),
        (r"flow sequence", _LIST, True),
        (r"flow mapping", _MAPPING, True),
        (r"flow node", _NO_VALUE, False),
        (r"mapping (values|keys) ", _COLON, False),
        (r"sequence entries", _ITEM, False),
        (r"simple key", _NO_COLON, True),
        (r"document start", _SECOND_DOCUMENT, False),
        (r"block (mapping|collection|sequence)", _COLUMN, False),
        (r"unhashable key", _KEY, False),
    )
)


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """One mistake: the line (from 1, None where unknown), what is wrong and what is right."""

    line: int | None
    message: str


def too_deep(deepest: int) -> str:
    """The message about a text with more levels than `deepest`."""
    return f"nested deeper than {deepest} levels; write it flatter"


def syntax_problem(text: str, error: Exception, *, deepest: int) -> SyntaxProblem:
    """The mistake behind one of ERRORS, raised while reading `text`.

    `deepest` is how many levels the reader allows.
    """
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable(text, error)
    if isinstance(error, RecursionError):
        return SyntaxProblem(None, too_deep(deepest))
    mark = _mark(error)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return SyntaxProblem(None, _INVALID + _OTHER)
    lines = re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)
    written = lines[mark.line] if mark.line < len(lines) else ""
    rest = written[mark.column :]
    indentation = written[: len(written) - len(written.lstrip())]
    said = f"{error.context}: {error.problem}"
    if re.search(r"nesting|depth", said) or _open_brackets(lines, mark) > deepest:
        return SyntaxProblem(_number(lines, mark), too_deep(deepest))
    if "\t" in indentation:
        return SyntaxProblem(_number(lines, mark), _TAB)
    words, at_start = _words(said, rest)
    if words is _COLON and ": " in written[: mark.column]:
        words = _SECOND_COLON
    if words is _COLUMN and written[: mark.column].strip():
        words = _TRAILING
    if words is _NO_VALUE and not (rest + "".join(lines[mark.line + 1 :])).strip():
        words = _ENDS_INSIDE
    start = error.context_mark if at_start else None
    return SyntaxProblem(_number(lines, start or mark), _INVALID + words)


def _mark(error: Exception) -> yaml.Mark | None:
    if not isinstance(error, yaml.MarkedYAMLError):
        return None
    return error.problem_mark or error.context_mark


def _number(lines: list[str], mark: yaml.Mark) -> int:
    """The line's number; a mark at the end of a text is on its last line that has something."""
    last = max((number for number, line in enumerate(lines, start=1) if line.strip()), default=1)
    return min(mark.line + 1, last)


def _words(said: str, rest: str) -> tuple[str, bool]:
    """What is wrong, and whether the mistake is where the part that cannot be read begins."""
    if re.search(r"start any token|block node", said) and rest:
        return f"a value cannot begin with {_character(rest[0])}; quote it", False
    for pattern, words, at_start in _KINDS:
        if pattern.search(said):
            return words, at_start
    return _OTHER, False


def _character(character: str) -> str:
    if character == "\t":
        return "a tab"
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _open_brackets(lines: list[str], mark: yaml.Mark) -> int:
    last = "".join(lines[mark.line : mark.line + 1])[: mark.column]
    before = "\n".join([*lines[: mark.line], last])
    return sum(map(before.count, "[{")) - sum(map(before.count, "]}"))


def _unreadable(text: str, error: yaml.reader.ReaderError) -> SyntaxProblem:
    code = error.character if isinstance(error.character, int) else ord(error.character)
    found = text.find(chr(code)) if 0 <= code < 0x110000 else -1
    if found < 0:
        return SyntaxProblem(None, _INVALID + _OTHER)
    line = text.count("\n", 0, found) + 1
    return SyntaxProblem(line, f"character U+{code:04X} is not allowed in YAML; remove it")
