"""The documentation as a reader has it: built, opened from files, in Chromium."""

import asyncio
import posixpath
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from docs._generate.check_links import Page as SitePage
from docs._generate.check_links import broken, site
from tests.integration.axe import violations
from tests.integration.chromium import Page, chromium, executable

pytestmark = pytest.mark.integration

ROOT: Final = Path(__file__).parents[2]
HEAVIEST: Final = 300_000  # bytes of a page with its styles and scripts, without pictures
HEAVIEST_INDEX: Final = 700_000  # of the search, which only the page of results loads
REPRESENTATIVE: Final = (
    "index.html",
    "tour.html",
    "explanation/burn-rates.html",
    "how-to/wrong-number.html",
    "reference/spec/sources-nats.html",
    "reference/metrics/slo.html",
    "reference/alerts/slo.html",
    "reference/commands/slo.html",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--fail-on-warning", "--keep-going", "-d", str(folder / "doctrees"))
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(folder / "html")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, SitePage]:
    return site(built)[0]


async def in_chromium(built: Path) -> AsyncIterator[tuple[str, Page]]:
    """Each representative page in a wide and a narrow window, light and dark, each."""
    async with chromium() as browser:
        page = await browser.new_page()
        for name in REPRESENTATIVE:
            for width, dark in ((1280, False), (390, True)):
                await page.show((built / name).as_uri(), width=width, dark=dark)
                await page.wait_for("document.readyState === 'complete'")
                yield f"{name} at {width}", page


def test_no_link_and_no_anchor_leads_nowhere(built: Path) -> None:
    assert list(broken(*site(built))) == []


def test_nothing_is_loaded_from_elsewhere(built: Path, pages: dict[str, SitePage]) -> None:
    loads = {load for page in pages.values() for load in page.loads}
    assert [load for load in loads if re.match(r"(https?:)?//", load)] == []
    styles = (file.read_text(encoding="utf-8") for file in built.rglob("*.css"))
    outside = re.compile(r"(?:url\(|@import\s+)['\"]?(?:https?:)?//[^)\s]+")
    assert [each for style in styles for each in outside.findall(style)] == []


def test_no_page_is_heavy(built: Path, pages: dict[str, SitePage]) -> None:
    heavy = {name: weight(built, name, page) for name, page in pages.items()}
    assert {name: size for name, size in heavy.items() if size > HEAVIEST} == {}
    assert (built / "searchindex.js").stat().st_size < HEAVIEST_INDEX


def weight(built: Path, name: str, page: SitePage) -> int:
    loads = {load.partition("?")[0] for load in page.loads}
    files = {posixpath.normpath(posixpath.join(posixpath.dirname(name), load)) for load in loads}
    loaded = [file for file in files if file.endswith((".css", ".js")) and file != "searchindex.js"]
    return sum((built / file).stat().st_size for file in [name, *loaded])


@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
def test_pages_are_accessible_fit_a_phone_and_ask_for_files_only(built: Path) -> None:
    found: dict[str, Any] = {}

    async def look() -> None:
        async for where, page in in_chromium(built):
            broken_rules = await violations(page)
            root = "document.documentElement"
            overflow = await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
            elsewhere = [url for url in page.requests if not url.startswith(("file:", "data:"))]
            if broken_rules or overflow or elsewhere or page.console:
                found[where] = (broken_rules, overflow, elsewhere, page.console)

    asyncio.run(look())
    assert found == {}


@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
def test_the_search_finds_metrics_and_alerts_without_a_server(built: Path) -> None:
    async def search() -> None:
        async with chromium() as browser:
            page = await browser.new_page()
            for word, title in (
                ("nats_consumer_lag_seconds", "Metrics: NATS"),
                ("NatsConsumerStalled", "Alerts: NATS"),
            ):
                await page.show(f"{(built / 'search.html').as_uri()}?q={word}", width=1280)
                # Results come one after the other.
                text = "document.querySelector('#search-results')?.innerText"
                await page.wait_for(f"{text}?.includes('{title}')")

    asyncio.run(search())
