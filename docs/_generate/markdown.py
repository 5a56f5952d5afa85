"""Pieces of Markdown."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown of one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Text as code within a line; nothing for nothing."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def block(text: str, language: str = "") -> str:
    """Text as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def words(text: str) -> str:
    """Prose of a declaration: its line breaks go, and what Markdown would take for markup stays."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def anchor(name: str) -> str:
    """A target that pages and searches can point to, before a heading."""
    return f"({name})="


def joined(*parts: str) -> str:
    """Parts of a page with an empty line between them; empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def rubric(title: str) -> str:
    """A heading that is in no table of contents."""
    return f"```{{rubric}} {title}\n```"


def with_rubrics(text: str) -> str:
    """The same page with rubrics for headings; code blocks stay as they are."""
    lines, inside = [], False
    for line in text.splitlines():
        inside ^= line.lstrip().startswith("```")
        is_heading = line.startswith("#") and not inside
        lines.append(rubric(line.lstrip("# ")) if is_heading else line)
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]{}$])", r"\\\1", text)
