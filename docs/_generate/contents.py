"""The table of contents: pages that index.md does not name appear by themselves."""

import re
from collections.abc import Collection
from typing import Final

_NAMED: Final = re.compile(r"^(?:[^<\n]*<)?([\w*/-]+)>?$", re.MULTILINE)
_TOPICS: Final = "% other pages"
_FOLDERS: Final = "% other folders"


def contents(index: str, pages: Collection[str]) -> str:
    """The index with every page of `docs` in it: a line for each, a part for each new folder."""
    named = {name for block in _blocks(index) for name in _NAMED.findall(block)}
    folders = {name.partition("/")[0] for name in named if "/" in name}
    loose = sorted(page for page in pages if "/" not in page and page not in {*named, "index"})
    new = sorted({page.partition("/")[0] for page in pages if "/" in page} - folders)
    parts = (_part(folder) for folder in new)
    return index.replace(_TOPICS, "\n".join(loose)).replace(_FOLDERS, "\n\n".join(parts))


def _blocks(index: str) -> list[str]:
    return re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.DOTALL | re.MULTILINE)


def _part(folder: str) -> str:
    title = folder.replace("-", " ").capitalize()
    return f"```{{toctree}}\n:caption: {title}\n:hidden:\n:glob:\n\n{folder}/*\n```"
