"""Writes the table of values in the chart's README from the comments of values.yaml.

A value is described by the comment above it that begins with `# --`, as helm-docs reads them. Needs
PyYAML.

    python deploy/helm/values_table.py [--check]
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "obs"
BEGIN, END = "<!-- values -->\n", "<!-- end of values -->\n"
_COMMENT = re.compile(r"^\s*# (?:-- )?(.*)$")


def described(text: str) -> dict[str, str]:
    """The description of each value, by its path with dots."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    comment: list[str] | None = None
    for line in text.splitlines():
        words = _COMMENT.match(line)
        if words:
            begins = line.lstrip().startswith("# -- ")
            comment = [words[1]] if begins else comment and [*comment, words[1]]
            continue
        key = re.match(r"^( *)([A-Za-z]\w*):", line)
        if key:
            depth = len(key[1])
            above = [*((d, name) for d, name in above if d < depth), (depth, key[2])]
            if comment:
                found[".".join(name for _, name in above)] = " ".join(comment)
        comment = None
    return found


def defaults(
    values: dict[str, Any], wanted: set[str], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Path and default of each value that is described, in the order of the file."""
    for name, value in values.items():
        path = f"{prefix}{name}"
        if path in wanted:
            yield path, value
        elif isinstance(value, dict):
            yield from defaults(value, wanted, f"{path}.")


def table(text: str) -> str:
    """The table, in Markdown."""
    what = described(text)
    rows = [
        f"| `{path}` | `{json.dumps(default)}` | {what[path]} |"
        for path, default in defaults(yaml.safe_load(text), set(what))
    ]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows, ""])


def readme(old: str, values: str) -> str:
    """The README with the table that these values make."""
    head, _, rest = old.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table(values)}\n{END}{tail}"


def main(arguments: list[str]) -> int:
    """Writes the README; with --check says whether it would change."""
    file = CHART / "README.md"
    old = file.read_text(encoding="utf-8")
    new = readme(old, (CHART / "values.yaml").read_text(encoding="utf-8"))
    if "--check" in arguments:
        if old != new:
            sys.stderr.write(f"{file}: the table is not that of values.yaml: run `make chart`\n")
        return int(old != new)
    if old != new:
        file.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
