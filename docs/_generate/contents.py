"""The table of contents: pages that index.md does not name appear by themselves."""

import re
from collections.abc import Collection
from typing import Final

_BLOCK: Final = re.compile(r"^```\{toctree\}\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NAMED: Final = re.compile(r"^[\w*/-]+$", re.MULTILINE)
_OTHERS: Final = re.compile(r"^% other pages(?: of ([\w-]+))?$", re.MULTILINE)
_FOLDERS: Final = "% other folders"


def contents(index: str, pages: Collection[str]) -> str:
    """The index with every page of `docs` in it.

    `% other pages of FOLDER` becomes a line for each page there that is not named, `% other pages`
    for those in no folder, `% other folders` a part for each folder of which nothing is named.
    """
    named = {name for block in _BLOCK.findall(index) for name in _NAMED.findall(block)}
    folders = {name.partition("/")[0] for name in named if "/" in name}
    new = sorted({page.partition("/")[0] for page in pages if "/" in page} - folders)
    whole = _OTHERS.sub(lambda found: "\n".join(_others(found[1], pages, named)), index)
    return whole.replace(_FOLDERS, "\n\n".join(map(_part, new)))


def _others(folder: str | None, pages: Collection[str], named: Collection[str]) -> list[str]:
    """The pages of a folder that are not named; of `docs` itself where none is given."""
    inside = f"{folder}/" if folder else ""
    return sorted(
        page
        for page in pages
        if page.startswith(inside) and "/" not in page.removeprefix(inside)
        if page not in named and page != "index"
    )


def _part(folder: str) -> str:
    title = folder.replace("-", " ").capitalize()
    return f"```{{toctree}}\n:caption: {title}\n:hidden:\n:glob:\n\n{folder}/*\n```"
