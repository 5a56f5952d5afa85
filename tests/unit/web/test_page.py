"""The status page as the collector writes it; in a browser: tests/integration/test_page.py."""

import re
from html.parser import HTMLParser
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.collector.served import drawn
from obs.lag.reason import REASONS
from obs.sources.nats.page import on_page
from obs.sources.nats.server_status import ServerState, ServerStatus
from obs.sources.nats.status import ConsumerState, ConsumerStatus
from obs.web.page.content import Filter, Table, Words
from obs.web.page.document import policy
from obs.web.page.figures import duration, number, percent, short_duration, size, times
from obs.web.page.markup import age, element, sparkline
from obs.web.status import SloState, SloStatus, Status
from obs.web.verdict import complete
from tests.integration.statuses import (
    HOSTILE,
    consumer,
    healthy,
    large,
    source,
    starting,
    status_of,
    troubled,
)

NOW = 1_700_000_000.0
STATUSES = pytest.mark.parametrize(
    "status", [healthy, troubled, starting], ids=lambda f: f.__name__
)


def of(**lists: Any) -> Status:
    """A status with these lists."""
    own: dict[str, Any] = {"system": "s", "environment": "e", "version": "0"}
    return status_of(**own, generated_at=NOW, uptime_seconds=1.0, **lists)


class Parsed(HTMLParser):
    """Text and attributes of a page; fails where tags do not match."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.text: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self._open: list[str] = []
        self.feed(html.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [href for href in [found.get("href")] if href]
        assert not [name for name in found if name.startswith("on") or name == "style"]
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text.append(data)


@STATUSES
def test_it_is_sound_html_and_its_links_lead_somewhere(status: "type[Status]") -> None:
    page = Parsed(drawn(complete(status()), "", NOW))  # type: ignore[call-arg]
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert (
            link.lstrip("#") in {*page.ids, "metrics", "api/v1/status"}
            or "://" in link
            or (link.startswith("data:"))
        )


def test_the_first_answer_has_the_numbers() -> None:
    text = " ".join(Parsed(drawn(complete(healthy()), "", NOW)).text)
    for part in ("All is well", "83.2 %", "audit-writer", "412", "oms-events-dlq"):
        assert part in text


def test_no_text_can_become_markup() -> None:
    page = drawn(complete(troubled()), HOSTILE, NOW).decode()
    assert "<img" not in page
    assert 'value="&lt;img src=x onerror=document.title=&#x27;owned&#x27;&gt;"' in page
    assert str(element("a", "<b>&", href='">')) == '<a href="&quot;&gt;">&lt;b&gt;&amp;</a>'


def test_a_large_system_has_a_small_page() -> None:
    assert len(drawn(complete(large(5_000)), "", NOW)) < 300_000


def test_what_is_typed_chooses_consumers_by_all_of_its_words() -> None:
    status = of(
        consumers=(consumer("billing", stream="ORDERS"), consumer("search", stream="ORDERS")),
    )
    (consumers, *_) = on_page(status, Filter("orders  BILL")).sections
    assert isinstance(consumers.table, Table)
    assert len(consumers.table.rows) == 1
    (nothing, *_) = on_page(status, Filter("orders nobody")).sections
    assert nothing.empty == "No consumer matches the filter."


def test_a_filter_finds_the_reason_that_is_shown() -> None:
    stopped = consumer("billing", state="stopped", reasons=("no_puller",))
    status = of(consumers=(stopped, consumer("search")))
    for typed in ("no client is pulling", "no_puller"):
        (consumers, *_) = on_page(status, Filter(typed)).sections
        assert isinstance(consumers.table, Table)
        assert len(consumers.table.rows) == 1


@pytest.mark.parametrize("state", get_args(ConsumerState))
def test_every_state_of_a_consumer_can_be_shown(state: ConsumerState) -> None:
    rows: tuple[ConsumerStatus, ...] = (consumer("c", state=state, reasons=tuple(REASONS)),)
    status = of(
        consumers=rows,
    )
    (section, *_) = on_page(status, Filter()).sections
    assert section.table is not None
    (cells,) = section.table.rows
    assert isinstance(cells[1], list)
    assert all(
        isinstance(each, Words) and "_" not in each.text.replace("max_ack_pending", "")
        for each in cells[1]
    )


@pytest.mark.parametrize("state", get_args(ServerState))
def test_every_state_of_a_server_can_be_shown(state: ServerState) -> None:
    status = of(
        servers=(ServerStatus(nats="nats", server="n1:8222", name="n1", state=state),),
    )
    assert len(on_page(status, Filter()).sections) == 2


@pytest.mark.parametrize(
    ("up", "age", "note"),
    [(True, 1.0, ""), (False, 70.0, "main as of 1 m 10 s ago"), (False, None, "")],
)
def test_a_list_says_that_it_is_of_an_earlier_poll_while_polls_fail(
    up: bool, age: float | None, note: str
) -> None:
    status = of(
        servers=(ServerStatus(nats="main", server="n1:8222", name="n1", state="ok"),),
        sources=(
            source("main", "nats", 15, age, up=up),
            source("main/connection", "nats", 15, 90.0, up=False),
        ),
    )
    (_, servers) = on_page(status, Filter()).sections
    assert servers.note == note


@pytest.mark.parametrize("state", get_args(SloState))
def test_every_state_of_an_slo_can_be_shown(state: SloState) -> None:
    slo: SloStatus = healthy().slos[0]
    status = msgspec.structs.replace(healthy(), slos=(msgspec.structs.replace(slo, state=state),))
    assert slo.name in " ".join(Parsed(drawn(complete(status), "", NOW)).text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (number(None), "–"),
        (number(1_234_567), "1,234,567"),
        (number(12_345_678), "12.3M"),
        (number(3e9), "3G"),
        (percent(0.832), "83.2 %"),
        (percent(-0.124), "−12.4 %"),
        (percent(0), "0 %"),
        (percent(1), "100 %"),
        (percent(0.00001), "<0.01 %"),
        (percent(0.0042), "0.42 %"),
        (duration(None), "–"),
        (duration(0), "0 s"),
        (duration(0.2), "<1 s"),
        (duration(5_400), "1 h 30 m"),
        (duration(86_400 * 3), "3 d"),
        (short_duration(0.042), "42 ms"),
        (short_duration(None), "–"),
        (size(512), "512 B"),
        (size(96_000_000), "91.6 MiB"),
        (size(10 << 30), "10.0 GiB"),
        (times(14.4), "14×"),
        (times(0), "0×"),
        (times(0.04), "<0.1×"),
        (times(1.25), "1.2×"),
        (times(1_500), "1.5k×"),
    ],
)
def test_numbers_are_short_and_have_a_unit(written: str, shown: str) -> None:
    assert written == shown


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_breaks_the_page(value: float) -> None:
    for write in (number, percent, duration, times):
        assert write(value)


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=20))
def test_a_line_has_a_piece_for_each_run_of_known_values(values: list[float | None]) -> None:
    drawn_line = sparkline(values, "good", "lag")
    if sum(value is not None for value in values) < 2:
        assert drawn_line is None
        return
    runs = re.findall(r"1{2,}", "".join("0" if value is None else "1" for value in values))
    line = re.findall(r'd="([^"]*)"', str(drawn_line))[1]
    assert line.count("M") == len(runs)
    assert line.count("L") == sum(len(run) - 1 for run in runs)


def test_ages_count_by_the_clock_of_the_collector() -> None:
    assert ">1 m 5 s ago<" in age(NOW - 65.9, NOW)
    assert ">0 s ago<" in age(NOW + 3, NOW), "never in the future"


def test_the_policy_lets_run_what_is_written_in_the_page() -> None:
    assert "unsafe" not in policy()
    assert policy().count("sha256-") == 2


@pytest.mark.parametrize("way", ["innerHTML =", "insertAdjacentHTML", "eval(", "write("])
def test_the_script_makes_no_markup_of_text(way: str) -> None:
    page = drawn(complete(healthy()), "", NOW).decode()
    script = page[page.index("<script>") :]
    assert way not in script
    assert script.count("fetch(") == 1
