"""Regular expressions that mean the same to every version of Python that obs runs on."""

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import obs

ROOT = Path(obs.__file__).parent
WRONG_BEFORE_3_11_5 = (codes.POSSESSIVE_REPEAT, codes.ATOMIC_GROUP)
"""Python 3.11.2, which is Debian 12's, loses track of where some of them end: of a private key it
then finds the first line only, and the rest is shown."""
TEXTS_THAT_ARE_NO_PATTERNS = {"alerts/targets.py"}
"""They name yq's operator `*+`."""


@pytest.mark.parametrize("module", sorted(ROOT.rglob("*.py")), ids=lambda path: path.stem)
def test_no_pattern_is_possessive_or_atomic(module: Path) -> None:
    if str(module.relative_to(ROOT)) in TEXTS_THAT_ARE_NO_PATTERNS:
        return
    assert [text for text in texts(module.read_text()) if keeps_what_it_took(text)] == []


@pytest.mark.parametrize(
    "source",
    [
        *('re.compile(r"a++b")', 're.compile(rf"{x}{{2,}}+b")', 're.compile(rb"((?>a|b)c)*")'),
        *('_form("a" r"(?:b|c){0,9}+")', 're.compile(f"(?:{x})?+")'),
    ],
)
def test_such_a_pattern_is_seen_however_it_is_written(source: str) -> None:
    assert any(map(keeps_what_it_took, texts(source)))


def texts(source: str) -> Iterator[str]:
    """The texts in a module, an `x` in the place of what an f-string takes from elsewhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            yield node.value.decode("latin-1")
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            yield "".join(map(str, parts))


def keeps_what_it_took(text: str) -> bool:
    """Whether a text is a pattern with a possessive quantifier or an atomic group."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return has(parser.parse(text))
    except (re.error, OverflowError, RecursionError):
        return False


def has(part: Any) -> bool:
    """Whether a parsed pattern, or anything within it, is one of those."""
    if isinstance(part, parser.SubPattern):
        return any(code in WRONG_BEFORE_3_11_5 or has(argument) for code, argument in part)
    return isinstance(part, list | tuple) and any(map(has, part))
