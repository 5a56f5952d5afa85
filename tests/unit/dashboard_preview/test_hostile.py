"""The preview under dashboards, addresses, requests and answers that are made to harm it."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from multidict import MultiDict

from obs.clients.prometheus import Series
from obs.dashboard_preview import regex
from obs.dashboard_preview.evaluate import MOST_SERIES
from obs.dashboard_preview.javascript import pattern_of
from obs.dashboard_preview.regex import UnknownRegex
from obs.dashboard_preview.server import _Site, serving

SOURCE = {"type": "prometheus", "uid": "p"}


class Answers:
    """A Prometheus with this many series and this value of each label."""

    def __init__(self, series: int = 1, value: str = "v") -> None:
        self._series = series
        self._value = value

    def query(self, expression: str, at: float) -> list[Series]:
        return self.query_range(expression, at, at, 1)

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        return [Series({"n": str(n)}, ((start, 1.0),)) for n in range(self._series)]

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        return [self._value]


def board(**variable: object) -> dict[str, Any]:
    target = {"datasource": SOURCE, "expr": "up", "refId": "A"}
    panel = {"id": 1, "type": "timeseries", "title": "Lag", "targets": [target]}
    listed = {"name": "v", "type": "query", "query": "label_values(n)", "datasource": SOURCE}
    return {
        "uid": "x",
        "title": "X",
        "panels": [panel],
        "templating": {"list": [{**listed, **variable}]},
    }


def lines(whole: dict[str, Any], server: Answers, **query: str) -> list[dict[str, Any]]:
    site = _Site([whole], server, 15.0, Path("/none"))
    (readable,) = site._boards.values()
    return [json.loads(line) for line in site._lines(readable, MultiDict(query))]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The slow expressions of one test do not count in another."""
    yield
    regex._WORKER._slow.clear()


def test_a_regular_expression_that_backtracks_is_given_up_after_its_time_and_told() -> None:
    began = time.monotonic()
    head, panel = lines(board(regex="/(a+)+$/"), Answers(value="a" * 60 + "b"))
    assert head["wrong"] == ["v: the regular expression /(a+)+$/: takes longer than 1 s"]
    assert panel["panel"]["kind"] != "empty"
    assert time.monotonic() - began < 10


def test_while_one_backtracks_other_threads_run() -> None:
    async def waited() -> int:
        began = time.monotonic()
        searching = asyncio.to_thread(pattern_of("(b+)+$").search, "b" * 60 + "c")
        task, turns = asyncio.ensure_future(searching), 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(UnknownRegex):
            task.result()
        return int(turns / (time.monotonic() - began))

    assert asyncio.run(waited()) > 10  # a second


def test_one_that_was_slow_is_not_tried_again_and_after_many_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regex, "SECONDS", 0.05)
    for number in range(8):
        with pytest.raises(UnknownRegex, match="takes longer"):
            pattern_of(f"(c+)+{number}$").search("c" * 60)
    began = time.monotonic()
    with pytest.raises(UnknownRegex, match="takes longer"):
        pattern_of("(c+)+1$").search("c" * 61)
    with pytest.raises(UnknownRegex, match="others took too long"):
        pattern_of("an ordinary one")
    assert time.monotonic() - began < 5


def test_an_expression_that_is_too_long_or_wrong_is_told_in_a_line() -> None:
    for written in ("(" * 2_000, "[" * 999, "(", "(?P<", "*", "a{99999999999}"):
        with pytest.raises(UnknownRegex) as told:
            pattern_of(written).search("x")
        assert len(str(told.value)) < 300


def test_more_series_than_can_be_told_apart_are_cut_and_told() -> None:
    _, panel = lines(board(), Answers(series=20_000))
    assert panel["panel"]["errors"] == [
        f"query A has more than {MOST_SERIES} series; {MOST_SERIES} are drawn"
    ]


@pytest.mark.parametrize(
    "query",
    [
        *({"width": width} for width in ("abc", "-1", "99999", "1e5", "٣", "")),
        *({"from": at} for at in ("abc", "now-999999999y", "0", "-1", "9" * 15, "\x00", "now/M")),
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "now+99999999y", "to": "now+999999999y"},
        {"from": "9999-12-31T23:59:59-23:59", "to": "now"},
        {"from": "2024-01-01T00:00:00+99:99"},
        *({"var-v": value} for value in ("\x00\x1b[31m", "\ud800", "a|(", "x" * 5_000)),
        {"theme": "x", "var-": "x", "nothing": "x"},
    ],
)
def test_an_odd_address_is_a_page_or_one_line(query: dict[str, str]) -> None:
    first, *_ = lines(board(), Answers(), **query)
    assert "board" in first or len(first["error"].splitlines()) == 1


LONG = (
    "{{" * 100_000,
    "[[a:" * 50_000,
    "${a" * 50_000,
    '"\\' * 100_000,
    "((" * 50_000,
    " " * 200_000,
)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_long_texts_in_a_dashboard_take_no_minutes(text: str) -> None:
    whole = board(query=text, label=text)
    whole["panels"][0] |= {"title": text, "description": text}
    whole["panels"][0]["targets"][0] |= {"expr": text, "legendFormat": text}
    began = time.monotonic()
    assert len(lines(whole, Answers(20))) == 2
    assert time.monotonic() - began < 20


async def raw(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    return status.split(b" ")[1]


def request(host: str, path: str = "/api/boards", *more: str) -> bytes:
    head = [f"GET {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *more, "", ""]
    return "\r\n".join(head).encode()


async def test_what_another_site_asks_is_refused_and_odd_requests_log_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cross = "Sec-Fetch-Site: cross-site"
    wanted = {
        request("127.0.0.1"): b"200",
        request("localhost:3001", "/", cross): b"200",  # a link to a page
        request("127.0.0.1", "/api/boards", "Sec-Fetch-Site: same-origin"): b"200",
        request("127.0.0.1", "/api/boards", cross): b"403",
        request("127.0.0.1", "/api/d/x", "Sec-Fetch-Site: same-site"): b"403",
        **{
            request(host): b"403"
            for host in ("evil.com", "127.0.0.1.evil.com", "localhost@evil.com", ":::", "[")
        },
        request("127.0.0.1:99999999"): b"403",
        request(""): b"400",
        b"GET /api/boards HTTP/1.0\r\n\r\n": b"403",
        request("evil.com", "http://127.0.0.1/api/boards"): b"403",
        request("127.0.0.1", "/static/%2e%2e%2fserver.py"): b"404",
        request("127.0.0.1", f"/api/d/{quote('../x', safe='')}"): b"404",
        request("127.0.0.1", f"/?{'x' * 10_000}"): b"400",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n": b"400",
        b"G" * 20_000 + b"\r\n\r\n": b"400",
    }
    with caplog.at_level(logging.WARNING):
        async with serving([board()], Answers()) as url:
            port = int(url.rsplit(":", 1)[1].strip("/"))
            found = {sent: await raw(port, sent) for sent in wanted}
    assert found == wanted
    assert caplog.records == []
