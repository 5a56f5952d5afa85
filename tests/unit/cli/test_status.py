"""obs status, against a server that has a status document."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.web.status import encode
from obs.web.verdict import complete
from tests.integration.statuses import healthy, troubled


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server holds."""

    def do_GET(self) -> None:
        body: bytes = self.server.document  # type: ignore[attr-defined]
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.document = encode(complete(healthy()))  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(collector: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{collector.server_port}"


def test_all_is_well(collector: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--url", url(collector)]) == 0
    assert "✓ All is well" in capsys.readouterr().out


def test_what_needs_attention_is_exit_code_1(
    collector: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.document = encode(complete(troubled()))  # type: ignore[attr-defined]
    assert main(["status", "--url", url(collector), "--filter", "billing"]) == 1
    text = capsys.readouterr().out
    assert "no client is pulling" in text
    assert "thumbnailer  " not in text


def test_json_is_what_the_collector_sent(
    collector: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--url", url(collector), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["system"] == "oms"


def test_another_server_is_told_apart(
    collector: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.document = b"<html>"  # type: ignore[attr-defined]
    assert main(["status", "--url", url(collector)]) == 3
    assert "not a collector's status document" in capsys.readouterr().err
    collector.document = b""  # type: ignore[attr-defined]
    assert main(["status", "--url", url(collector)]) == 3
    assert "no collector of obs; give the address after `serving`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--url", "nonsense"], "--url: 'nonsense' is not a http:// or https:// URL"),
        (["--url", "http://h", "--every", "0"], "--every: '0' is not a number of seconds"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", *arguments]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert len(err.splitlines()) == 1


def test_no_collector_is_exit_code_3(
    collector: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    address = url(collector)
    collector.shutdown()
    collector.server_close()
    assert main(["status", "--url", address]) == 3
    assert "cannot connect" in capsys.readouterr().err


def test_a_broken_spec_says_how_to_see_the_collector_that_goes_on_with_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    spec.write_text("version: 1\nsytem: shop\n")
    assert main(["status", "--spec", str(spec)]) == 2
    err = capsys.readouterr().err
    assert "did you mean system?" in err
    assert "obs status --url URL" in err
