"""Links of pages to files of the repository that are no pages of the site."""

import posixpath
import re
from collections.abc import Mapping
from typing import Final

_LINK: Final = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
OUTSIDE: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "reference/project/changelog.md",
    "CONTRIBUTING.md": "reference/project/contributing.md",
    "SECURITY.md": "reference/project/security.md",
    "deploy": "reference/project/deploy.md",
    "deploy/README.md": "reference/project/deploy.md",
}
"""Pages of the site that show files of the repository, by file."""


def on_site(text: str, file: str, page: str, outside: Mapping[str, str] = OUTSIDE) -> str:
    """The text of a file as a page: links to what has no page become its path, as code.

    `file` is its path in the repository, `page` that of the page below `docs`.
    """

    def changed(found: re.Match[str]) -> str:
        return _link(found, file, page, outside)

    parts = _FENCE.split(text)
    return "".join(
        part if index % 2 else _LINK.sub(changed, part) for index, part in enumerate(parts)
    )


def _link(found: re.Match[str], file: str, page: str, outside: Mapping[str, str]) -> str:
    picture, text, target = found.groups()
    path, hash_, anchor = target.partition("#")
    if ":" in path or not path:
        return found[0]
    place = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    if place.startswith("docs/") and place != "docs/README.md":
        home = place.removeprefix("docs/")
    elif place in outside:
        home = outside[place]
    elif re.fullmatch(r"collectors/\w[\w-]*\.yaml", place):
        home = f"reference/project/spec-{posixpath.basename(place).removesuffix('.yaml')}.md"
    else:
        says_it = place.rstrip("/").endswith(text.strip("`").rstrip("/"))
        return f"`{place}`" if says_it else f"{text} (`{place}`)"
    way = posixpath.relpath(home, posixpath.dirname(page) or ".")
    return f"{picture}[{text}]({way}{hash_}{anchor})"
