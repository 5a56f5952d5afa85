"""Checks the links of the built site: pages and anchors within it; others are only listed.

python -m docs._generate.check_links build/docs
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urldefrag, urljoin

_SITE: Final = "http://site.invalid/"


@dataclass
class Page(HTMLParser):
    """What a page links to and can be linked at; `loads` are scripts, styles, fonts, pictures."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(found["href"])


def read(text: str) -> Page:
    """A page of the site."""
    page = Page()
    page.feed(text)
    return page


def broken(pages: Mapping[str, Page], files: frozenset[str]) -> Iterator[str]:
    """One line for each link that leads nowhere. `files` are all paths of the site."""
    for name, page in pages.items():
        for link in (*page.links, *page.loads):
            path, anchor = _inside(name, link)
            if path is None:
                continue
            if path not in files:
                yield f"{name}: {link}: no such file"
            elif anchor and path in pages and anchor not in pages[path].ids:
                yield f"{name}: {link}: no such anchor"


def external(pages: Mapping[str, Page]) -> list[str]:
    """The addresses outside of the site that pages link to."""
    found = {link for page in pages.values() for link in page.links}
    return sorted(link for link in found if link.startswith(("http://", "https://")))


def site(folder: Path) -> tuple[dict[str, Page], frozenset[str]]:
    """The pages of a built site, and all of its files."""
    files = frozenset(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    pages = {
        name: read((folder / name).read_text(encoding="utf-8"))
        for name in sorted(files)
        if name.endswith(".html") and not name.startswith("_")
    }
    return pages, files


def _inside(page: str, link: str) -> tuple[str | None, str]:
    """The file that a link of a page leads to, and the anchor; None where it leaves the site."""
    whole, anchor = urldefrag(urljoin(_SITE + page, link))
    if not whole.startswith(_SITE):
        return None, ""
    path = unquote(whole.removeprefix(_SITE).partition("?")[0])
    return path or "index.html", unquote(anchor)


def main(folder: Path) -> int:
    """Print what is broken, and write the list of addresses outside beside the site."""
    pages, files = site(folder)
    problems = list(broken(pages, files))
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    outside = external(pages)
    folder.with_name("external-links.txt").write_text("\n".join(outside) + "\n", encoding="utf-8")
    print(f"{len(pages)} pages; {len(outside)} links to elsewhere: build/external-links.txt")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
