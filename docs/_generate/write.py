"""Puts the generated pages where Sphinx reads them; what is already so is not touched."""

from collections.abc import Mapping
from pathlib import Path


def write(pages: Mapping[str, str], folder: Path) -> None:
    """Write changed pages, and remove those that are none any more."""
    wanted = {folder / f"{path}.md": text for path, text in pages.items()}
    for file in folder.rglob("*.md"):
        if file not in wanted:
            file.unlink()
    for file, text in wanted.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
