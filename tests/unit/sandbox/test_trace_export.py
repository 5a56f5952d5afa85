"""Where the demo exports its traces to."""

import socket

import pytest

from obs.cli.main import main
from obs.errors import BadInput
from obs.sandbox.trace_export import exporting, traces_url
from obs.sandbox.traces import NO_TRACES


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://otel.example.com/otlp/v1/traces", "https://otel.example.com/otlp/v1/traces"),
    ],
)
def test_an_endpoint_gets_the_path_of_traces_unless_it_has_one(endpoint: str, url: str) -> None:
    assert traces_url(endpoint) == url


@pytest.mark.parametrize("endpoint", ["localhost:4318", "grpc://h:1", "http://", "http://h:port"])
def test_what_is_no_http_url_is_refused(endpoint: str) -> None:
    with pytest.raises(BadInput, match="like http://localhost:4318"):
        exporting(endpoint)


def test_a_receiver_that_does_not_answer_ends_the_demo_before_it_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        endpoint = f"http://user:secret@127.0.0.1:{port}"
        assert main(["demo", "--otlp-traces", endpoint]) == 3
    said = capsys.readouterr().err
    assert said == f"--otlp-traces: 127.0.0.1:{port}: Connection refused\n"


def test_without_a_receiver_nothing_is_exported() -> None:
    assert not NO_TRACES.exported
    with NO_TRACES.tracer("oms").start_as_current_span("change") as span:
        assert not span.is_recording()
    NO_TRACES.close()
