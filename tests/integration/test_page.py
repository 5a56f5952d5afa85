"""The status page in a real browser."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from obs.sources.aws.status import CauseStatus, QueueStatus
from obs.sources.probe.status import ProbeStatus
from obs.web.server import Server, serve
from obs.web.status import Status
from tests.integration.axe import violations
from tests.integration.chromium import Browser, Page, chromium, executable
from tests.integration.statuses import HOSTILE, FixedSite, healthy, large, starting, troubled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(executable() is None, reason="Chromium is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]
SHOWN = "document.readyState === 'complete'"
TEXT = "document.body.innerText"
# The smallest contrast of all visible text against the nearest background behind it (WCAG 2).
CONTRASTS = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour, below) => {
    canvas.fillStyle = below || '#fff'; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (parts) => parts.map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return '#fff';
  };
  const found = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || ['SCRIPT', 'STYLE'].includes(node.tagName)) continue;
    const below = background(node);
    const pair = [light(rgb(getComputedStyle(node).color, below)), light(rgb(below))].sort();
    pair.sort((a, b) => a - b);
    found.push([(pair[1] + 0.05) / (pair[0] + 0.05), node.textContent.slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 3);
})()"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="browser")
async def running_browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> Page:
    return await browser.new_page()


@pytest.fixture
def site() -> FixedSite:
    return FixedSite(healthy())


@pytest_asyncio.fixture(loop_scope="module")
async def server(site: FixedSite) -> AsyncIterator[Server]:
    running = await serve(site, "127.0.0.1:0")
    yield running
    await running.close()


async def shown(page: Page, server: Server, width: int = 1280, dark: bool = False) -> str:
    """Open the page, wait for its content, return its text."""
    await page.show(server.url, width=width, dark=dark)
    await page.wait_for(SHOWN)
    return str(await page.evaluate(TEXT))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("status", [healthy, troubled, starting], ids=lambda make: make.__name__)
async def test_it_fits_reads_well_and_stays_within_its_origin(
    page: Page,
    server: Server,
    site: FixedSite,
    status: Callable[[], Status],
    width: int,
    dark: bool,
    tmp_path: Path,
) -> None:
    site.document = status()
    await shown(page, server, width, dark)
    await page.screenshot(tmp_path / f"{status.__name__}-{width}-{'dark' if dark else 'light'}.png")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) == 0
    contrasts = await page.evaluate(CONTRASTS)
    assert len(contrasts) == 3
    for contrast, text in contrasts:
        assert contrast >= 4.5, text
    assert page.console == []
    elsewhere = [url for url in page.requests if not url.startswith((server.url, "data:"))]
    assert elsewhere == []
    await page.wait_for("performance.getEntriesByType('resource').length > 0")
    assert set(page.requests) == {server.url}


async def test_causes_of_dead_letters_and_maintenance_are_in_sight(
    page: Page, server: Server, site: FixedSite
) -> None:
    cause = CauseStatus(
        messages=25,
        error_code="NO_PERMISSIONS",
        bus="oms-events",
        rule="oms-object-changed",
        target="lambda:function:oms",
    )
    queue = QueueStatus(
        aws="aws", queue="dlq", dead_letter=True, visible=61, oldest_age_seconds=9, causes=(cause,)
    )
    fine = healthy()
    slos = tuple(msgspec.structs.replace(each, in_maintenance=True) for each in fine.slos)
    site.document = msgspec.structs.replace(
        fine, lists={**fine.lists, "queues": (queue,)}, slos=slos
    )
    text = await shown(page, server)
    assert "25 × NO_PERMISSIONS" in text
    assert "36 not read yet" in text
    assert "Maintenance" in text
    hidden = "(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)"
    assert await page.evaluate(f"{hidden}(document.querySelector('#queue .scroll'))") == 0


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_everybody_can_use_it(
    page: Page, server: Server, site: FixedSite, width: int, dark: bool
) -> None:
    site.document = troubled()
    await shown(page, server, width, dark)
    assert await violations(page) == []


@pytest.mark.parametrize("width", [320, 800, 1090, 1280, 1900])
async def test_nothing_has_to_be_scrolled_sideways_at_any_width(
    page: Page, server: Server, site: FixedSite, width: int
) -> None:
    site.document = troubled()
    await shown(page, server, width)
    wider = (
        "[...document.querySelectorAll('html, .scroll')].filter(n => n.scrollWidth > n.clientWidth)"
    )
    assert await page.evaluate(f"{wider}.length") == 0


async def test_a_healthy_system_is_called_so_at_one_glance(page: Page, server: Server) -> None:
    text = await shown(page, server)
    assert "All is well" in text
    for part in ("event-delivery", "83.2 %", "99.9 % over 30d", "audit-writer", "412"):
        assert part in text
    for part in (
        "oms-object-changed",
        "oms-events-dlq",
        "OMS_INDEX",
        "AWS API requests cost $4.38 per month",
    ):
        assert part in text
    assert await page.evaluate("document.title") == "oms · production"


async def test_faults_are_described_in_plain_words(
    page: Page, server: Server, site: FixedSite
) -> None:
    site.document = troubled()
    text = await shown(page, server)
    for part in (
        "Server n2 (n2:8222) is unhealthy (no space left on device), and 4 more problems",
        "OMS_EVENTS/billing-projection is stopped: no messages are delivered",
        "no client is pulling",
        "not shrinking",
        "⚠ 19 m",
        "−12.4 %",
        "exhausted",
        "exhausted in 8 h 2 m",
        "Rate exceeded",
        "connection refused",
    ):
        assert part in text
    first = "document.querySelector('#consumer tbody tr b').textContent"
    assert await page.evaluate(first) == "billing-projection"


async def test_a_name_that_looks_like_markup_is_shown_as_text(
    page: Page, server: Server, site: FixedSite
) -> None:
    site.document = msgspec.structs.replace(
        troubled(),
        system=HOSTILE,
        environment=HOSTILE,
        slos=tuple(
            msgspec.structs.replace(slo, name=HOSTILE, service=HOSTILE, reasons=(HOSTILE,))
            for slo in troubled().slos
        ),
        sources=tuple(
            msgspec.structs.replace(source, name=HOSTILE, error=HOSTILE, up=False)
            for source in troubled().sources
        ),
    )
    text = await shown(page, server)
    assert text.count(HOSTILE) > 8
    assert await page.evaluate("document.querySelectorAll('img').length") == 0
    assert await page.evaluate("document.title") != "owned"
    assert page.console == []


async def test_injected_markup_could_not_run_even_if_it_got_in(page: Page, server: Server) -> None:
    await shown(page, server)
    inject = "document.body.insertAdjacentHTML('beforeend', `<a onclick='document.title=1'>x</a>`)"
    await page.evaluate(inject)
    await page.evaluate("document.body.lastElementChild.click()")
    assert await page.evaluate("document.title") == "oms · production"


async def test_dark_mode_changes_the_background(page: Page, server: Server) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    await shown(page, server, dark=False)
    light = await page.evaluate(background)
    await shown(page, server, dark=True)
    dark = await page.evaluate(background)
    assert sum(map(int, re.findall(r"\d+", light))) > 600
    assert sum(map(int, re.findall(r"\d+", dark))) < 100


async def test_without_a_script_it_shows_all_filters_and_asks_to_be_loaded_again(
    page: Page, server: Server, site: FixedSite
) -> None:
    site.document = large(100)
    await page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        await page.show(f"{server.url}?filter=worker-00042", width=1280)
        await page.wait_for(SHOWN)
        text = await page.evaluate(TEXT)
        await page.call("Emulation.setScriptExecutionDisabled", value=False)
    finally:
        await page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "worker-00042" in text
    assert "worker-00041" not in text
    assert "100 total" in text


async def test_it_refreshes_itself(page: Page, server: Server, site: FixedSite) -> None:
    await shown(page, server)
    site.document = troubled()
    await page.wait_for(f"{TEXT}.includes('and 4 more problems')")
    assert site.requests >= 2


async def test_it_keeps_what_it_knows_and_says_so_when_the_collector_is_gone(
    page: Page, site: FixedSite
) -> None:
    server = await serve(site, "127.0.0.1:0")
    await shown(page, server)
    await server.close()
    await page.wait_for(f"{TEXT}.includes('The collector is not responding. Showing data from')")
    assert "event-delivery" in await page.evaluate(TEXT)
    assert await page.evaluate("document.querySelector('#main').classList.contains('old')")

    again = await serve(site, f"127.0.0.1:{server.port}")
    await page.wait_for("document.querySelector('#offline').hidden")
    assert not await page.evaluate("document.querySelector('#main').classList.contains('old')")
    await again.close()


async def test_a_hidden_tab_requests_nothing_and_a_shown_one_does_at_once(
    page: Page, server: Server, site: FixedSite
) -> None:
    watch_timers = """
      window.waiting = new Set();
      const start = setTimeout, stop = clearTimeout;
      window.setTimeout = (call, delay) => {
        const id = start(() => { waiting.delete(id); call(); }, delay);
        waiting.add(id);
        return id;
      };
      window.clearTimeout = (id) => { waiting.delete(id); stop(id); };
      window.turn = (hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      };
    """
    await page.call("Page.addScriptToEvaluateOnNewDocument", source=watch_timers)
    await shown(page, server)
    await page.wait_for("waiting.size === 1")
    await page.evaluate("turn(true)")
    assert await page.evaluate("waiting.size") == 0
    requests = site.requests
    await page.evaluate("turn(false)")
    await page.wait_for("waiting.size === 1")
    assert site.requests == requests + 1


async def test_withdrawn_numbers_are_not_taken_for_an_empty_system(
    page: Page, server: Server, site: FixedSite
) -> None:
    silent = tuple(
        msgspec.structs.replace(each, up=False, error="connection refused", age_seconds=9_999.0)
        for each in healthy().sources
    )
    (nats, *_) = [each for each in silent if each.kind == "nats"]
    never = msgspec.structs.replace(
        nats, name=f"{nats.name}/connection", last_success=None, age_seconds=None
    )
    site.document = msgspec.structs.replace(
        healthy(),
        sources=(*silent, never),
        lists={**healthy().lists, "consumers": (), "rules": ()},
    )
    text = await shown(page, server)
    assert "NATS is stale: its data is withdrawn" in text
    assert "AWS is stale: its data is withdrawn" in text
    assert "No consumers yet" not in text


async def test_ages_follow_the_collectors_clock_and_not_the_documents_age(
    page: Page, server: Server, site: FixedSite
) -> None:
    old = msgspec.structs.replace(healthy(), generated_at=healthy().generated_at - 3_600)
    source = msgspec.structs.replace(old.sources[0], last_success=old.generated_at)
    site.document = msgspec.structs.replace(old, sources=(source,))
    text = await shown(page, server)
    assert re.search(r"\b1 h( \d+ m)? ago", text)


async def test_nothing_yet_is_said_in_words(page: Page, server: Server, site: FixedSite) -> None:
    site.document = starting()
    text = await shown(page, server)
    for part in (
        "Waiting for the first poll",
        "No SLOs in the spec",
        "NATS has not been polled yet",
        "AWS has not been polled yet",
        "not polled yet",
    ):
        assert part in text


async def test_thousands_of_consumers_show_the_worst_and_a_filter_finds_the_rest(
    page: Page, server: Server, site: FixedSite
) -> None:
    site.document = large(5_000)
    text = await shown(page, server)
    rows = "document.querySelectorAll('#consumer tbody tr').length"
    assert await page.evaluate(rows) == 50
    assert "4,950 more consumers" in text
    assert "worker-04777" not in text
    await page.evaluate("document.querySelector('#filter').focus()")
    await page.call("Input.insertText", text="stream_077 04777")
    await page.wait_for(f"{rows} === 1")
    assert "worker-04777" in await page.evaluate(TEXT)
    await page.wait_for("performance.getEntriesByType('resource').length > 1")
    assert await page.evaluate("document.querySelector('#filter').value") == "stream_077 04777"
    assert await page.evaluate(rows) == 1


async def test_tables_stay_tables_for_assistive_technology_on_a_phone(
    page: Page, server: Server
) -> None:
    await shown(page, server, width=390)
    tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
    roles = [node.get("role", {}).get("value") for node in tree if not node.get("ignored")]
    assert roles.count("table") >= 5
    assert "columnheader" in roles
    assert "cell" in roles or "gridcell" in roles
    unnamed = [
        node
        for node in tree
        if node.get("role", {}).get("value") in ("link", "searchbox", "image", "table")
        and not node.get("ignored")
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []


async def test_slos_by_rules_are_listed_with_where_to_look(page: Page, server: Server) -> None:
    text = await shown(page, server)
    assert "api-latency" in text
    assert "metrics\nhttps://prometheus.example.org:9090/prom" in text


async def test_probes_are_listed_with_why_they_fail(
    page: Page, server: Server, site: FixedSite
) -> None:
    def row(target: str, **changes: Any) -> ProbeStatus:
        usual: dict[str, Any] = {
            "probe": "edge",
            "target": target,
            "kind": "http",
            "where": "https://api.example.com/ready",
            "up": True,
            "failed_in_a_row": 0,
            "failure": None,
            "text": None,
            "duration_seconds": 0.042,
            "http_status": 200,
            "certificate_expires": None,
            "last_success": None,
            "probes": 40,
            "failures": 3,
        }
        return ProbeStatus(**{**usual, **changes})

    why = {"up": False, "failed_in_a_row": 3, "failure": "refused", "text": "db:5432 <b>refused"}
    rows = (
        row("database", **why, duration_seconds=None),
        row("api", dependencies_down=("cache",), certificate_seconds=10 * 86_400.0),
    )
    fine = healthy()
    source = msgspec.structs.replace(fine.sources[0], kind="probe", name="edge")
    site.document = msgspec.structs.replace(
        fine, lists={**fine.lists, "probes": rows}, sources=(*fine.sources, source)
    )
    text = await shown(page, server)
    assert "db:5432 <b>refused" in text
    assert "cache is down" in text
    assert "42 ms" in text
    assert "3 of 40" in text
