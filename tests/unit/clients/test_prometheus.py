"""The client of Prometheus against a server that answers what a test says."""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from obs.clients.prometheus import Prometheus, QueryError, Series
from obs.clients.sigv4 import Signer
from obs.errors import SourceError
from obs.spec.signed_in import SigV4


@dataclass
class Server:
    """What is answered, and what was asked: path, fields, headers."""

    status: int = 200
    body: bytes = b""
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def says(self, data: Any) -> None:
        self.body = json.dumps({"status": "success", "data": data}).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            fields = parse_qs(parts.query) | parse_qs(body)
            state.asked.append((parts.path, fields, dict(self.headers)))
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


@contextmanager
def client(url: str, **options: Any) -> Iterator[Prometheus]:
    with closing(Prometheus(url, timeout=2, **options)) as prometheus:
        yield prometheus


def test_an_instant_query_gives_series_with_one_point(server: Server) -> None:
    server.says({"resultType": "vector", "result": [{"metric": {"a": "1"}, "value": [5, "NaN"]}]})
    with client(server.url + "/") as prometheus:
        (found,) = prometheus.query('x{a="é+&"}', 5.5)
    assert found.labels == {"a": "1"}
    assert math.isnan(found.points[0][1])
    path, fields, _ = server.asked[0]
    assert (path, fields) == ("/api/v1/query", {"query": ['x{a="é+&"}'], "time": ["5.500"]})


def test_a_range_query_gives_series_with_their_course(server: Server) -> None:
    values = [[0, "1"], [15, "+Inf"]]
    server.says({"resultType": "matrix", "result": [{"metric": {}, "values": values}]})
    with client(server.url) as prometheus:
        found = prometheus.query_range("x", 0, 15, 15)
    assert found == [Series({}, ((0.0, 1.0), (15.0, math.inf)))]
    assert server.asked[0][1] == {
        "query": ["x"],
        "start": ["0.000"],
        "end": ["15.000"],
        "step": ["15.000"],
    }


def test_a_scalar_is_a_series_without_labels(server: Server) -> None:
    server.says({"resultType": "scalar", "result": [5, "2"]})
    with client(server.url) as prometheus:
        assert prometheus.query("2", 5) == [Series({}, ((5.0, 2.0),))]


def test_the_values_of_a_label_are_asked_of_matching_series_only(server: Server) -> None:
    server.says(["b", "a"])
    with client(server.url) as prometheus:
        assert prometheus.label_values("job", 'up{x="&"}', 1, 2) == ["a", "b"]
        prometheus.label_values("job", None, 1, 2)
    times = {"start": ["1.000"], "end": ["2.000"]}
    assert server.asked[0][:2] == (
        "/api/v1/label/job/values",
        {"match[]": ['up{x="&"}'], **times},
    )
    assert server.asked[1][1] == times


def test_series_are_their_labels(server: Server) -> None:
    server.says([{"__name__": "up", "job": "obs"}])
    with client(server.url) as prometheus:
        assert prometheus.series("up", 1, 2) == [{"__name__": "up", "job": "obs"}]


def test_a_refused_query_is_told_in_the_server_s_words_on_one_line(server: Server) -> None:
    server.status = 400
    error = {"status": "error", "errorType": "bad_data", "error": "1:5: parse\nerror" + "x" * 999}
    server.body = json.dumps(error).encode()
    with client(server.url) as prometheus, pytest.raises(QueryError) as raised:
        prometheus.query("sum(", 0)
    assert str(raised.value).startswith("bad_data: 1:5: parse error")
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (401, b"no", "auth", "HTTP status 401"),
        (403, b"{}", "auth", "HTTP status 403"),
        (502, b"<html>", "http_status", "HTTP status 502"),
        (302, b"", "http_status", "HTTP status 302"),
        (200, b"<html>", "decode", "not a Prometheus API"),
        (200, b"[]", "decode", "not a Prometheus API"),
    ],
)
def test_other_answers_are_told_apart(
    server: Server, status: int, body: bytes, reason: str, words: str
) -> None:
    server.status, server.body = status, body
    with client(server.url) as prometheus, pytest.raises(SourceError) as raised:
        prometheus.query("up", 0)
    assert raised.value.reason == reason
    assert str(raised.value) == f"{server.url}: {words}"


def test_a_password_and_a_token_are_sent_and_never_told(server: Server) -> None:
    server.status = 401
    url = server.url.replace("//", "//someone:s3cret@")
    for options, sent in (({}, "Basic c29tZW9uZTpzM2NyZXQ="), ({"token": "t0ken"}, "Bearer t0ken")):
        address = server.url if options else url
        with client(address, **options) as prometheus, pytest.raises(SourceError) as raised:
            prometheus.query("up", 0)
        assert server.asked[-1][2]["Authorization"] == sent
        assert "s3cret" not in str(raised.value)
        assert "t0ken" not in str(raised.value)


def test_headers_go_with_every_request(server: Server) -> None:
    server.says([])
    with client(server.url, headers={"X-Scope-OrgID": "team"}) as prometheus:
        prometheus.query("up", 0)
        prometheus.label_values("job", None, 0, 1)
    assert {asked[2]["X-Scope-OrgID"] for asked in server.asked} == {"team"}


def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    with client("http://127.0.0.1:1") as prometheus, pytest.raises(SourceError) as raised:
        prometheus.query("up", 0)
    assert raised.value.reason == "connection"


SIGNED = {"region": "eu-west-1"}


def signer(monkeypatch: pytest.MonkeyPatch, **more: str) -> Signer:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    return Signer(SigV4.model_validate(SIGNED | more), 5)


def test_a_query_is_signed_as_botocore_signs_the_same_request(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says({"resultType": "vector", "result": []})
    url = f"{server.url}/workspaces/ws-1"
    with client(url, sign=signer(monkeypatch).sign) as prometheus:
        prometheus.query("up", 5)
    path, fields, headers = server.asked[0]
    assert (path, fields["query"]) == ("/workspaces/ws-1/api/v1/query", ["up"])
    again = AWSRequest("POST", f"{server.url}{path}", data=b"query=up&time=5.000")
    again.context["timestamp"] = headers["X-Amz-Date"]
    again.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    auth = SigV4Auth(signer(monkeypatch)._session.credentials(), "aps", "eu-west-1")
    signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    assert headers["Authorization"].endswith(f"Signature={signature}")
    assert "/eu-west-1/aps/aws4_request" in headers["Authorization"]
    assert headers["Host"] == f"127.0.0.1:{server.port}"


def test_a_temporary_credential_sends_its_token(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signer(monkeypatch)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token-of-some-length")
    assert made.sign("GET", f"{server.url}/api/v1/labels", None)["X-Amz-Security-Token"] == (
        "a-session-token-of-some-length"
    )


def test_without_credentials_a_signed_query_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = signer(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="credentials") as caught:
        made.sign("GET", "https://aps/api/v1/labels", None)
    assert caught.value.reason == "auth"
