"""How commands print: tables for people, JSON for programs."""

import json
from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> str:
    """Rows as aligned columns, without a line end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(" " * indent + line for line in lines)


def json_text(value: object) -> str:
    """JSON as every command prints it: indented, and the same bytes for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 source`, `2 sources`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
