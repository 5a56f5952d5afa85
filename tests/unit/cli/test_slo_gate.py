"""obs slo gate and obs check, for SLOs that rules of a Prometheus evaluate."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from obs.cli.main import main

SPEC = """
version: 1
system: shop
sources:
  prometheus: {{metrics: {{url: "{url}"}}}}
slos:
  - name: available
    service: web
    objective: 99.9
    engine: rules
    sli: {{prometheus: {{source: metrics, bad: bad_total, total: all_total}}}}
{more}outputs: {{web: {{listen: "127.0.0.1:1"}}}}
"""
COUNTED = """  - name: counted
    service: web
    objective: 99.9
    sli: {prometheus: {source: metrics, bad: bad_total, total: all_total}}
"""
Recorded = Mapping[str, Mapping[str, tuple[float, float]]]
"""Budget left and age of the newest data (seconds), by SLO and pod."""


class Server:
    """The query API of a Prometheus that has these SLOs."""

    def __init__(self) -> None:
        self.recorded: Recorded = {}
        self.asked: list[str] = []

    def answer(self, query: str) -> list[dict[str, object]]:
        self.asked.append(query)
        now = time.time()
        budget = query.startswith("slo_error_budget_remaining_ratio{")
        return [
            {
                "metric": {"slo": name, "slo_service": "web", "pod": pod},
                "value": [now, str(left if budget else now - age)],
            }
            for name, pods in self.recorded.items()
            for pod, (left, age) in pods.items()
        ]


@pytest.fixture(scope="module", name="address")
def running() -> Iterator[tuple[str, Server]]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            result = server.answer(parse_qs(body)["query"][0])
            data = {"resultType": "vector", "result": result}
            told = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", server
        listening.shutdown()


@pytest.fixture
def server(address: tuple[str, Server]) -> Server:
    address[1].recorded = {}
    address[1].asked.clear()
    return address[1]


def spec(folder: Path, url: str, more: str = "") -> str:
    file = folder / "obs.yaml"
    file.write_text(SPEC.format(url=url, more=more))
    return str(file)


@pytest.mark.parametrize(
    ("left", "age", "code", "line"),
    [
        (0.5, 90.0, 0, "allowed: web/available has 50 % of its error budget left (needs 10 %)"),
        (0.05, 90.0, 1, "blocked: web/available has 5 % of its error budget left (needs 10 %)"),
        (0.5, 3600.0, 3, "blocked: web/available has no data in Prometheus at URL, so its error "
         "budget is unknown (needs 10 %)"),
        (float("nan"), 90.0, 3, "blocked: web/available has no data in Prometheus at URL, so its "
         "error budget is unknown (needs 10 %)"),
    ],
)  # fmt: skip
def test_the_gate_reads_slos_by_rules_from_the_server_of_their_source_and_asks_no_collector(
    left: float, age: float, code: int, line: str,
    tmp_path: Path, address: tuple[str, Server], server: Server, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.recorded = {"available": {"": (left, age)}}
    argv = ["slo", "gate", "web/*", "--min-budget", "10%", "--spec", spec(tmp_path, address[0])]
    assert main(argv) == code
    assert capsys.readouterr().out.strip() == line.replace("URL", address[0])
    assert all('system="shop"' in each for each in server.asked)


def test_the_gate_asks_the_collector_only_for_slos_that_it_evaluates(
    tmp_path: Path, address: tuple[str, Server], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.recorded = {"available": {"": (1.0, 60.0)}}
    both = ["--spec", spec(tmp_path, address[0], COUNTED)]
    assert main(["slo", "gate", "available", *both]) == 0
    assert main(["slo", "gate", "counted", *both]) == 3  # nothing listens where it should be
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_with_prometheus_the_gate_reads_every_slo_there_and_of_two_collectors_the_worse_one(
    tmp_path: Path, address: tuple[str, Server], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.recorded = {
        "available": {"": (1.0, 60.0)},
        "counted": {"a": (0.5, 60.0), "b": (0.25, 2000.0)},
    }
    where = ["--spec", spec(tmp_path, "http://127.0.0.1:1", COUNTED), "--prometheus", address[0]]
    assert main(["slo", "gate", "--format", "json", *where]) == 0
    found = {each["name"]: each["remaining"] for each in json.loads(capsys.readouterr().out)}
    assert found == {"web/available": 1.0, "web/counted": 0.25}
    assert main(["slo", "gate", "avialable", *where]) == 2
    assert "there is no SLO 'avialable'; did you mean available?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recorded", "code", "words"),
    [
        ({"available": {"": (0.5, 100.0)}}, 0, "rules record it; its newest data is 1m40s old"),
        ({"available": {"": (0.5, 9000.0)}}, 1, "its newest data is 2h30m old, more than"),
        ({"available": {"": (float("nan"), 60.0)}}, 0, "has no event yet, or too few"),
        ({}, 1, "has nothing of it"),
    ],
)
def test_a_check_tells_whether_the_rules_record_their_slos_and_misses_no_collector(
    recorded: Recorded, code: int, words: str,
    tmp_path: Path, address: tuple[str, Server], server: Server, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.recorded = recorded
    assert main(["check", "--spec", spec(tmp_path, address[0])]) == code
    told = capsys.readouterr().out
    assert words in told
    assert "– slo-data" in told
    assert "– scrape" in told
    assert "– privacy-metrics" in told
