import socket
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.alertmanager import Alertmanager
from obs.clients.http import HttpAnswer
from obs.clients.json_answer import MAX_DEPTH, decode_json
from obs.clients.prometheus import Prometheus
from obs.clients.rest import document
from obs.errors import SourceError
from tests.unit.clients.test_http import Talk, page, server
from tests.unit.clients.test_http_limits import error_of


def answering(body: bytes) -> Talk:
    """Closes once the client has: a request that is not read to its end would reset it."""

    def talk(connection: socket.socket, done: threading.Event) -> None:
        page(body)(connection, done)
        while connection.recv(65536):
            pass

    return talk


def at(url: str) -> str:
    return url.removesuffix("/jsz")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b' {"a": [1, 2.5, null, true, "\xc3\xa9"]} ', {"a": [1, 2.5, None, True, "é"]}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"18446744073709551616", 18446744073709551616),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
    ],
)
def test_json_is_decoded(text: bytes, value: object) -> None:
    decoded = decode_json(text, "h")
    assert value is None or decoded == value


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"{} x", b"NaN", b"[Infinity]", b"1e999", b"9" * 5000, b"[1" + b"0" * 5000),
        *(b"\xff", b'"\xff"', b'{"\xff": 1}', b'"\\ud800"', '{"a": 1}'.encode("utf-16"), b"<html>"),
    ],
)
def test_what_is_no_json_is_one_line(text: bytes) -> None:
    with pytest.raises(SourceError, match=r"^h: response is not JSON$") as error:
        decode_json(text, "h")
    assert error.value.reason == "decode"
    assert error.value.__cause__ is None


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_that_is_nested_deeply_is_one_line(depth: int, opened: bytes, closed: bytes) -> None:
    with pytest.raises(SourceError, match=r"^h: response is JSON nested deeper than 100 levels$"):
        decode_json(opened * depth + b"1" + closed * depth, "h")


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_escape_as_another_error(text: bytes) -> None:
    error = error_of(lambda: decode_json(text, "h"))
    assert error is None or error.reason == "decode"


DEEP = b'{"status":"success","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
ODD = [
    DEEP,
    b"[]",
    b'"success"',
    b'{"status":"success","data":[1]}',
    b'{"status":"success","data":{"resultType":"vector"}}',
    b'{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"x"]}]}}',
    b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[]}]}}',
    b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1'
    + b"0" * 310
    + b',"1"]}]}}',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_an_odd_answer_of_prometheus_is_no_prometheus_api(body: bytes) -> None:
    with server(answering(body)) as url, closing(Prometheus(at(url))) as prometheus:
        with pytest.raises(SourceError, match="not a Prometheus API") as error:
            prometheus.query("up", 0)
        assert error.value.reason == "decode"


@pytest.mark.parametrize("body", [b'{"status":"success","data":7}', DEEP])
def test_odd_labels_are_no_prometheus_api(body: bytes) -> None:
    with server(answering(body)) as url, closing(Prometheus(at(url))) as prometheus:
        for ask in (
            lambda: prometheus.label_values("a", None, 0, 1),
            lambda: prometheus.series("up", 0, 1),
        ):
            with pytest.raises(SourceError) as error:
                ask()
            assert error.value.reason == "decode"


@pytest.mark.parametrize("body", [DEEP, b"7", b"[7]", b'[{"labels":{}}]', b"null"])
def test_an_odd_answer_of_alertmanager_is_one_line(body: bytes) -> None:
    with server(answering(body)) as url, closing(Alertmanager(at(url))) as manager:
        with pytest.raises(SourceError) as error:
            manager.state({})
        assert error.value.reason == "decode"


def test_a_deep_answer_of_grafana_or_a_ruler_is_one_line() -> None:
    with pytest.raises(SourceError, match="nested deeper"):
        document(HttpAnswer(200, {}, DEEP), "h")
