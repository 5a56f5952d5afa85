"""The packs that docs/packs/README.md shows, as files."""

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[3] / "docs" / "packs" / "README.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
SPEC: Final = """version: 1
system: shop
sources:
  nats: {main: {monitor: ["http://localhost:8222"]}}
"""
_FILE: Final = re.compile(r"`(packs/[\w./]+)`(?:, complete)?:\n\n```(\w+)\n(.*?)^```$", re.S | re.M)


def files() -> dict[str, str]:
    """Each whole file by its path."""
    return {path: text for path, _, text in _FILE.findall(TEXT)}


def place(folder: Path) -> Path:
    """Write them and a spec that names them; returns the spec."""
    for path, text in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    spec = folder / "obs.yaml"
    spec.write_text(
        f"{SPEC}packs:\n  own:\n"
        "    orders: {from: packs/orders.yaml, where: {job: orders}}\n"
        "    nginx: {from: packs/nginx/pack.py, where: {job: nginx}}\n",
        encoding="utf-8",
    )
    return spec
