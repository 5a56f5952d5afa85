"""What hostile stacks and files do to `apply`, `lint` and `preview`."""

import itertools
import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from obs.sandbox.process import Process, free_ports
from tests.hostile.apply_commands import (
    SPEC,
    Answer,
    Answering,
    hostile_server,
    outcome,
    run,
)
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb

_TEXT = b"e \x1b[31m " * 20_000
_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
_CONFIG = f"{_BOMB}route: *a9\nreceivers: []\n"


def _once(text: bytes) -> Iterator[bytes]:
    yield text


def _endless(piece: bytes, total: int | None = None) -> Iterator[bytes]:
    number = None if total is None else total // len(piece)
    return iter(itertools.repeat(piece) if number is None else itertools.repeat(piece, number))


def _apply(folder: Path, target: str, answer: Answering, code: int, *words: str) -> Outcome:
    with hostile_server(answer) as url:
        (folder / "obs.yaml").write_text(SPEC.format(url=url))
        (folder / "rules").mkdir(exist_ok=True)
        ended = run(folder, "alerts", "apply", "--target", target, "--yes")
    return outcome(folder, ended, code, *words)


def _error_text(folder: Path) -> Outcome:
    def answer(method: str, path: str) -> Answer:
        return 400, _endless(_TEXT, 600_000_000)

    return _apply(folder, "grafana", answer, 3, "larger than")


def _long_message(folder: Path) -> Outcome:
    def answer(method: str, path: str) -> Answer:
        return 400, _endless(_TEXT, 20_000_000)

    return _apply(folder, "grafana", answer, 3, "HTTP 400")


def _endless_answer(folder: Path) -> Outcome:
    return _apply(folder, "mimir", lambda *_: (200, _endless(b"a: b\n" * 9_999)), 3, "larger than")


def _deep_answer(folder: Path) -> Outcome:
    return _apply(folder, "prometheus", lambda *_: (200, _once(b"[" * 100_000)), 3, "deeper than")


def _many_values(folder: Path) -> Outcome:
    body = b"[" + b"[]," * 9_000_000 + b"[]]"
    return _apply(folder, "grafana", lambda *_: (200, _once(body)), 3, "holds more than")


def _bomb_in_alertmanager(folder: Path) -> Outcome:
    document = json.dumps({"config": {"original": _CONFIG}}).encode()
    with hostile_server(lambda *_: (200, _once(document))) as url:
        (folder / "obs.yaml").write_text(SPEC.format(url=url))
        first = run(folder, "alerts", "apply", "--target", "alertmanager", "--yes")
        return outcome(folder, first, 3, "holds more than")


def _bomb_in_a_ruler(folder: Path) -> Outcome:
    return _apply(folder, "mimir", lambda *_: (200, _once(_BOMB.encode())), 3, "holds more than")


def _hostile_names(folder: Path) -> Outcome:
    (folder / "kept").write_text("kept")
    (folder / "rules").mkdir()
    names = {"prometheus shop/production": ["../kept"]}
    (folder / "rules" / ".obs-manifest.json").write_text(json.dumps(names))
    answer = json.dumps({"status": "success", "data": {"groups": []}}).encode()
    words = ('the name "../kept" leads out',)
    found = _apply(folder, "prometheus", lambda *_: (200, _once(answer)), 2, *words)
    left = sorted(each.name for each in (folder / "rules").iterdir())
    if (folder / "kept").read_text() != "kept" or left != [".obs-manifest.json"]:
        return Outcome(found.memory_mb, found.seconds, 0, found.others, f"changed: {left}")
    return found


def _lint_of_hostile_files(folder: Path) -> Outcome:
    boards = folder / "boards"
    boards.mkdir()
    (boards / "large.yaml").write_bytes(b"- a\n" * 12_500_000)
    (boards / "many.yaml").write_bytes(b"- a\n" * 3_000_000)
    (boards / "bomb.yaml").write_text(_BOMB)
    (boards / "deep.json").write_text('{"panels":' + "[" * 100_000)
    os.mkfifo(boards / "fifo.json")
    named = sorted(str(each.relative_to(folder)) for each in boards.iterdir())
    ended = run(folder, "dashboards", "lint", *named, "/dev/zero")
    words = ("larger than 16 MB", "more than 300 000", "deeper than", "a regular file is needed")
    return outcome(folder, ended, 2, *words)


def _bomb_of_waivers(folder: Path) -> Outcome:
    (folder / "board.json").write_text('{"panels": [], "title": "x"}')
    (folder / ".obs-lint.yaml").write_text(_BOMB)
    return outcome(folder, run(folder, "dashboards", "lint", "board.json"), 2, "holds more than")


def _board(**variable: str) -> str:
    source = {"type": "prometheus", "uid": "p"}
    target = {"datasource": source, "expr": "up", "refId": "A"}
    panel = {"id": 1, "type": "timeseries", "title": "Lag", "targets": [target]}
    listed = {"name": "v", "type": "query", "query": "label_values(n)", "datasource": source}
    variables = {"list": [{**listed, **variable}]}
    return json.dumps({"uid": "x", "title": "X", "panels": [panel], "templating": variables})


def _prometheus(series: int) -> Answering:
    """As one of before Prometheus 3, which hears no limit."""
    now = time.time()
    points = [[now - 60 * n, "1"] for n in range(3, 0, -1)]
    result = [{"metric": {"n": str(n)}, "values": points} for n in range(series)]
    matrix = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [now, "1"]}}
    values = {"status": "success", "data": ["a" * 60 + "b"]}
    bodies = {"query_range": matrix, "query": scalar, "values": values}
    written = {name: json.dumps(body).encode() for name, body in bodies.items()}

    def answer(method: str, path: str) -> Answer:
        return 200, _once(written[path.partition("?")[0].rpartition("/")[2]])

    return answer


def _preview(folder: Path, board: str, series: int, word: str) -> Outcome:
    """The time is that of the list of dashboards, asked while the hostile page is drawn."""
    (folder / "board.json").write_text(board)
    (port,) = free_ports(1)
    site = f"http://127.0.0.1:{port}"

    def ask(path: str) -> str:
        with urllib.request.urlopen(site + path, timeout=60) as found:
            return str(found.read().decode())

    with hostile_server(_prometheus(series)) as url:
        argv = ["obs", "dashboards", "preview", "board.json", "--prometheus", url]
        process = Process(
            [sys.executable, "-m", *argv, "--port", str(port)], folder / "log", cwd=folder
        )
        return _watched(process, folder, ask, word)


def _watched(process: Process, folder: Path, ask: Callable[[str], str], word: str) -> Outcome:
    def ready() -> bool:
        try:
            return bool(ask("/api/boards"))
        except OSError:
            return False

    process.start()
    try:
        process.wait_until(ready, 20)
        assert process.pid is not None
        ask("/api/d/x?width=abc")  # has loaded all that drawing needs
        before = resident_mb(process.pid)
        forget_peak(process.pid)
        page: list[str] = []
        drawing = threading.Thread(target=lambda: page.append(ask("/api/d/x")), daemon=True)
        drawing.start()
        slowest = 0.0
        while drawing.is_alive():
            began = time.monotonic()
            ask("/api/boards")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        memory = peak_mb(process.pid) - before
    finally:
        process.stop()
    log = (folder / "log").read_text().splitlines()
    told = bool(page) and word in page[0]
    wrong = "" if told and "Traceback" not in "".join(log) else f"{page[:1]!r} {log[-3:]}"[:500]
    return Outcome(memory, slowest, len(log), "the list of dashboards is answered", wrong)


def _backtracking(folder: Path) -> Outcome:
    return _preview(folder, _board(regex="/(a+)+$/"), 1, "takes longer than 1 s")


def _many_series(folder: Path) -> Outcome:
    return _preview(folder, _board(), 20_000, "more than 500 series")


def _drill(
    name: str, run: Callable[[Path], Outcome], memory: float, seconds: float, *, short: bool = True
) -> Drill:
    return Drill(name, Limits(memory_mb=memory, seconds=seconds, log_lines=10), run, short=short)


DRILLS = (
    _drill("Grafana's error has 600 MB of text, at apply", _error_text, 90, 10, short=False),
    _drill(
        "Grafana's error has 20 MB of words and escape sequences",
        _long_message,
        70,
        10,
        short=False,
    ),
    _drill("a ruler's answer has no end, at apply", _endless_answer, 90, 10, short=False),
    _drill("Prometheus answers JSON 100 000 deep, at apply", _deep_answer, 30, 10, short=False),
    _drill("Grafana answers 9 million lists, at apply", _many_values, 90, 10, short=False),
    _drill("Alertmanager runs a YAML bomb, at apply", _bomb_in_alertmanager, 30, 10),
    _drill("a ruler answers a YAML bomb, at apply", _bomb_in_a_ruler, 30, 10, short=False),
    _drill("a manifest names a file outside of rules_dir", _hostile_names, 30, 10),
    _drill("bombs, devices and 50 MB of YAML, at lint", _lint_of_hostile_files, 100, 20),
    _drill("waivers are a YAML bomb, at lint", _bomb_of_waivers, 30, 10, short=False),
    _drill("a variable's regular expression backtracks, in the preview", _backtracking, 30, 2),
    _drill("a query has 20 000 series, in the preview", _many_series, 90, 2, short=False),
)
