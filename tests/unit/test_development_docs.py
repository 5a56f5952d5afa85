"""What the developer documentation names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs" / "development").glob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
]
_PATH = re.compile(r"`((?:src|tests|docs|deploy|collectors|alerts|dashboards)/[\w./*-]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)")
_ANCHOR = re.compile(r"\]\(([^)#\s]*)#([\w-]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that headings of a page get, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = _PATH.findall(text_of(page))
    missing = [path for path in named if not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link, _ in _LINK.findall(text_of(page)) if "://" not in link]
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []
    targets = [
        ((page.parent / link).resolve() if link else page, anchor)
        for link, anchor in _ANCHOR.findall(text_of(page))
    ]
    lost = [f"{to.name}#{anchor}" for to, anchor in targets if anchor not in anchors(to)]
    assert lost == []


def test_the_recipes_cover_the_ten_common_changes() -> None:
    recipes = text_of(ROOT / "docs" / "development" / "recipes.md")
    headings = re.findall(r"^## (.+)$", recipes, re.MULTILINE)
    assert len(headings) >= 10
    without_files = [
        heading
        for heading, body in zip(
            headings, re.split(r"^## .+$", recipes, flags=re.M)[1:], strict=True
        )
        if not _PATH.search(body)
    ]
    assert without_files == []
