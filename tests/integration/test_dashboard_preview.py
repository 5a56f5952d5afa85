"""The preview in a real browser, on a real Prometheus' data."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from obs.clients.prometheus import Prometheus
from obs.dashboard_preview.evaluate import evaluated
from obs.dashboard_preview.ranges import time_range
from obs.dashboard_preview.server import serving
from obs.errors import BadInput, SourceError
from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from tests.integration.chromium import Browser, Page, chromium, executable
from tests.integration.preview_board import CONSUMERS, HOSTILE, SOURCE, every_panel, fill
from tests.integration.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(executable() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(prometheus_binary() is None, reason="Prometheus is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]
DONE = "document.body.dataset.state === 'done'"
TEXT = "document.body.innerText"
DRAWN = ("timeseries", "state-timeline", "heatmap")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    fill(folder, time.time())
    server = PrometheusProcess(prometheus_binary() or "", folder, "127.0.0.1:9")
    server.start()
    try:
        with closing(Prometheus(server.url)) as client:

            def answers() -> bool:
                try:
                    return bool(client.query("app_lag_messages", time.time()))
                except SourceError:
                    return False

            eventually(answers)
            yield client
    finally:
        server.stop()


def other() -> dict[str, object]:
    """A second dashboard, to lead to, with a folded row."""
    inner = {
        "id": 2,
        "type": "stat",
        "title": "Inside",
        "gridPos": {"x": 0, "y": 1, "w": 6, "h": 4},
        "targets": [{"datasource": SOURCE, "expr": "vector(42)", "refId": "A", "instant": True}],
    }
    row = {"id": 1, "type": "row", "title": "Folded", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}
    odd = {
        **inner,
        **{"id": 3, "title": "Odd", "gridPos": {"x": 0, "y": 1, "w": 6, "h": 4}},
        "fieldConfig": {"defaults": {"thresholds": {"steps": [{"value": "high"}]}}},
    }
    panels = [{**row, "collapsed": True, "panels": [inner]}, odd]
    return {"uid": "other", "title": "Another", "tags": ["obs", "test"], "panels": panels}


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="address")
async def served(prometheus: Prometheus) -> AsyncIterator[str]:
    async with serving([every_panel(), other()], prometheus) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="browser")
async def running_browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> Page:
    return await browser.new_page()


async def shown(page: Page, address: str, width: int = 1280) -> str:
    """Open the page, wait until all is drawn, return its text."""
    await page.show(address, width=width, height=1600)
    await page.wait_for(DONE)
    return str(await page.evaluate(TEXT))


def kind(name: str) -> str:
    return f"document.querySelector('[data-type={name}]')"


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_every_kind_of_panel_is_drawn_from_this_machine_alone(
    page: Page, address: str, width: int, theme: str
) -> None:
    text = await shown(page, f"{address}d/every-panel?theme={theme}", width)
    for name in DRAWN:
        marks = f"{kind(name)}.querySelectorAll('.plot path, .plot image').length"
        assert await page.evaluate(marks) > 0, name
    for words in ("No dead letters", "unclosed left parenthesis", "99.91", "Read me", "stopped"):
        assert words in text
    assert await page.evaluate(f"{kind('table')}.querySelectorAll('tbody tr').length") == 6
    assert await page.evaluate(f"{kind('bargauge')}.querySelectorAll('.track').length") == 6
    hosts = {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")}
    assert hosts == {urlsplit(address).netloc}
    assert page.console == []


async def test_panels_stand_where_grafana_puts_them(page: Page, address: str) -> None:
    await shown(page, f"{address}d/every-panel")
    boxes = await page.evaluate(
        "[...document.querySelectorAll('.panel')].map((node) => node.getBoundingClientRect())"
        ".map(({x, y, width, height}) => [x, y, width, height])"
    )
    first, second = boxes[0], boxes[1]
    column = (1280 - 2 * 16 + 8) / 24
    assert first[2] == pytest.approx(4 * column - 8, abs=0.5)
    assert first[3] == 4 * 38 - 8
    assert second[0] - first[0] == pytest.approx(4 * column, abs=0.5)
    for place, (x, y, width, height) in enumerate(boxes):
        for a, b, broad, high in boxes[place + 1 :]:
            apart = x + width <= a or a + broad <= x or y + height <= b or b + high <= y
            assert apart, (place, boxes)
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(overflow)


async def test_hostile_labels_show_as_text(page: Page, address: str) -> None:
    text = await shown(page, f"{address}d/every-panel?var-consumer={HOSTILE}")
    assert text.count(HOSTILE) >= 3
    assert await page.evaluate("document.querySelectorAll('img').length") == 0
    assert await page.evaluate("document.title") == "Every panel"
    assert page.console == []


async def test_variables_change_the_queries_and_stand_in_the_address(
    page: Page, address: str
) -> None:
    await shown(page, f"{address}d/every-panel")
    await page.evaluate("window.picker = [...document.querySelectorAll('.picker')].at(-1)")
    await page.evaluate("picker.querySelector('summary').click()")
    assert await page.evaluate("picker.querySelectorAll('label').length") == len(CONSUMERS) + 1
    rows = f"{kind('timeseries')}.querySelectorAll('.legend tbody tr').length"
    for number, consumer in enumerate(("search", "billing"), start=1):
        chosen = (
            f"[...picker.querySelectorAll('label')].find((one) => one.innerText === '{consumer}')"
        )
        await page.evaluate(f"{chosen}.click()")
        await page.wait_for(f"{DONE} && {rows} === {number}")
    assert "var-consumer=search&var-consumer=billing" in await page.evaluate("location.search")
    await page.evaluate("document.querySelector('#grid').click()")
    await page.wait_for(f"{TEXT}.includes('search + billing')")
    assert page.console == []


async def test_dragging_over_a_graph_chooses_its_time(page: Page, address: str) -> None:
    await shown(page, f"{address}d/every-panel")
    box = await page.evaluate(
        f"{kind('timeseries')}.querySelector('.nsewdrag').getBoundingClientRect().toJSON()"
    )
    y = box["y"] + box["height"] / 2
    for name, share in (("mousePressed", 0.25), ("mouseMoved", 0.5), ("mouseReleased", 0.5)):
        x = box["x"] + share * box["width"]
        mouse = {"type": name, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        await page.call("Input.dispatchMouseEvent", **mouse)
    await page.wait_for("location.search.includes('from=1')")
    await page.wait_for(DONE)
    times = dict(
        part.split("=") for part in (await page.evaluate("location.search"))[1:].split("&")
    )
    assert (int(times["to"]) - int(times["from"])) / 5_400_000 == pytest.approx(1, abs=0.05)
    assert page.console == []


async def test_a_link_of_a_row_leads_to_its_dashboard_with_time_and_variables(
    page: Page, address: str
) -> None:
    await shown(page, f"{address}d/every-panel?from=now-1h&to=now&var-stream=ORDERS")
    addresses = (
        f"[...{kind('table')}.querySelectorAll('tbody a')].map((a) => a.getAttribute('href'))"
    )
    kept = "/d/every-panel?from=now-1h&to=now&var-stream=ORDERS&var-consumer="
    assert sorted(await page.evaluate(addresses)) == sorted(
        kept + quote(consumer, safe="") for consumer in CONSUMERS
    )
    links = "document.querySelector('#links a').getAttribute('href')"
    assert (await page.evaluate(links)).startswith("/d/other?from=now-1h&to=now&var-datasource=")


async def test_a_folded_row_unfolds(page: Page, address: str) -> None:
    assert "42" not in await shown(page, f"{address}d/other")
    await page.evaluate("document.querySelector('.row').click()")
    await page.wait_for(f"{TEXT}.includes('42')")
    await page.evaluate("document.querySelector('.row').click()")
    assert "42" not in await page.evaluate(TEXT)


async def test_a_panel_that_cannot_be_drawn_says_so(page: Page, address: str) -> None:
    text = await shown(page, f"{address}d/other")
    assert "Not drawn by the preview: could not convert string" in text
    assert page.console == []


async def test_all_dashboards_are_listed(page: Page, address: str) -> None:
    text = await shown(page, address)
    assert "Every panel" in text
    assert "Another" in text
    assert page.console == []


async def test_an_invalid_time_is_reported(page: Page, address: str) -> None:
    text = await shown(page, f"{address}d/every-panel?from=yesterday")
    assert "time 'yesterday': write now, now-6h, now/d, a date or milliseconds" in text


async def test_the_server_answers_to_loopback_names_only(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(address, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(f"{address}static/../server.py") as answer:
            assert answer.status == 404
        async with session.get(address) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy
            assert "default-src 'none'" in policy


async def test_a_port_in_use_is_reported(prometheus: Prometheus, address: str) -> None:
    taken = urlsplit(address).port
    assert taken is not None
    with pytest.raises(BadInput, match="--port"):
        async with serving([], prometheus, port=taken):
            pass


async def test_every_query_is_reported_with_its_answer(prometheus: Prometheus) -> None:
    now = time.time()
    hour = time_range("now-1h", "now", now)
    found = await asyncio.to_thread(evaluated, every_panel(), prometheus, hour)
    assert [variable.error for variable in found.variables] == [None] * 3
    assert len(found.variables[2].options) == len(CONSUMERS)
    answers = {panel.title: panel for panel in found.panels}
    assert [title for title, panel in answers.items() if panel.errors] == ["Refused"]
    assert [title for title, panel in answers.items() if panel.empty] == ["Nothing here", "Refused"]
    assert answers["Nothing here"].empty_text == "No dead letters"
    assert [panel.title for panel in found.panels if any(t.unresolved for t in panel.targets)] == []
    assert len(answers["Lag of $consumer"].targets[0].series) == len(CONSUMERS)
