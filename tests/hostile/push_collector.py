"""A collector that pushes twenty times a second to a receiver, healthy at first and then not."""

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from obs.sandbox.process import Process
from tests.bench.poll import HEALTHZ, VARZ, jsz
from tests.hostile.drill import Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.hostile.push_receivers import Misbehaviour, PushReceiver, hangs
from tests.integration.collector_process import CollectorProcess, Scrape, key, samples, spec_of
from tests.integration.waiting import PATIENCE, eventually

CONSUMERS: Final = 300
ENDS_WITHIN: Final = 5.0  # seconds after SIGTERM
_WARM: Final = 5  # accepted pushes before memory is read
_EVERY: Final = 0.05  # seconds; a spec allows no less than one

_LAUNCH: Final = """
import sys
from obs.collector import assembly
usual = assembly.push_healths
def often(system):
    found = usual(system)
    for each in found.values():
        each.interval = float(sys.argv[1])
    return found
assembly.push_healths = often
from obs.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


class OftenPushing(CollectorProcess):
    """One whose interval of pushes is shorter than a spec allows."""

    def _child(self) -> Process:
        command = ["collect", "--spec", str(self.spec_file), *self.arguments]
        return Process(
            [sys.executable, "-c", _LAUNCH, str(_EVERY), *command],
            self.folder / "collector.log",
            env=self.environment,
            cwd=self.folder,
        )

    def scrape(self) -> Scrape:
        """What the collector says of itself; to read all of it takes this test a while."""
        lines = self.get("/metrics").text.splitlines()
        return samples("".join(f"{line}\n" for line in lines if line.startswith("obs_")))

    def pushes_failed(self, sink: str) -> float:
        """How many so far."""
        name = "obs_push_errors_total"
        return sum(
            value
            for (metric, labels), value in self.scrape().items()
            if metric == name and ("sink", sink) in labels
        )


@contextmanager
def monitoring_port() -> Iterator[str]:
    """A healthy NATS server with CONSUMERS, as its monitoring port reports it."""
    streams = jsz(CONSUMERS, 0, config=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = streams if self.path.startswith("/jsz") else HEALTHZ
            body = VARZ if self.path.startswith("/varz") else body
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def pushing(
    folder: Path,
    outputs: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> Iterator[OftenPushing]:
    """A collector that has pushed to these outputs."""
    with monitoring_port() as port:
        spec = spec_of(folder, nats={"monitor": [port], "discover": False}, **more, **outputs)
        collector = OftenPushing(folder, spec, ("--only", "nats"), dict(environment or {}))
        try:
            collector.start()
            yield collector
        finally:
            collector.kill()


def attacked(
    collector: OftenPushing,
    receiver: PushReceiver,
    sink: str,
    misbehaviours: Sequence[Misbehaviour],
    failures: int,
) -> Outcome:
    """What it costs when a receiver that accepted pushes misbehaves, each way in turn.

    Time is until the receiver, which behaves again then, has what is pushed. At the end the
    collector is stopped while a push hangs.
    """
    pid = collector.process.pid
    assert pid is not None
    points = key("obs_push_points_total", sink=sink)
    up = key("obs_push_up", sink=sink)
    eventually(lambda: receiver.requests >= _WARM)
    collector.until(lambda scrape: scrape[up] == 1)
    forget_peak(pid)
    memory, lines = resident_mb(pid), collector.log.count("\n")
    polls = collector.scrape()[key("obs_source_polls_total", source="nats")]
    receiver.misbehaviours = misbehaviours
    eventually(lambda: collector.pushes_failed(sink) >= failures, PATIENCE + 2 * failures)
    during = collector.scrape()
    told = collector.status()["pushes"][0]
    receiver.misbehaviours = ()
    began = time.monotonic()
    collector.until(lambda scrape: scrape[points] > during[points] and scrape[up] == 1)
    seconds = time.monotonic() - began
    after = collector.scrape()
    outcome = (peak_mb(pid) - memory, seconds, collector.log.count("\n") - lines)
    wrong = _wrong(collector, during[up], told)
    polled = after[key("obs_source_polls_total", source="nats")] - polls
    wrong += ["the healthy source was not polled"] * (polled < 1)
    receiver.misbehaviours, asked = (hangs,), receiver.requests
    eventually(lambda: receiver.requests > asked)
    ended = stopped(collector)
    wrong += [f"SIGTERM took {ended:.1f} s"] * (ended > ENDS_WITHIN)
    others = f"{failures}+ pushes failed, source polled {polled:.0f} times, SIGTERM {ended:.1f} s"
    return Outcome(*outcome, others, "; ".join(wrong))


def given_up(collector: OftenPushing, failures: int) -> Outcome:
    """What it costs when a receiver never answers; nothing was ever accepted.

    Time is until that many more pushes than the first were given up.
    """
    pid = collector.process.pid
    assert pid is not None
    lines = collector.log.count("\n")
    eventually(lambda: collector.pushes_failed("otlp") >= 1)  # the libraries are loaded
    forget_peak(pid)
    memory, began, first = resident_mb(pid), time.monotonic(), collector.pushes_failed("otlp")
    eventually(lambda: collector.pushes_failed("otlp") >= first + failures)
    seconds = time.monotonic() - began
    up = collector.scrape()[key("obs_push_up", sink="otlp")]
    wrong = _wrong(collector, up, collector.status()["pushes"][0])
    outcome = (peak_mb(pid) - memory, seconds, collector.log.count("\n") - lines)
    ended = stopped(collector)
    wrong += [f"SIGTERM took {ended:.1f} s"] * (ended > ENDS_WITHIN)
    others = f"{failures}+ pushes given up, SIGTERM {ended:.1f} s"
    return Outcome(*outcome, others, "; ".join(wrong))


def stopped(collector: CollectorProcess) -> float:
    """Seconds from SIGTERM to its end."""
    began = time.monotonic()
    collector.terminate()
    collector.wait(30)
    return time.monotonic() - began


def _wrong(collector: CollectorProcess, up: float, told: Mapping[str, Any]) -> list[str]:
    wrong = ["up while every push fails"] * (up != 0)
    wrong += ["status does not say why"] * (not told["error"])
    texts = collector.log + json.dumps(told, ensure_ascii=False).replace("\\n", "\n")
    wrong += ["escape sequences of the receiver in log or status"] * ("\x1b" in texts)
    wrong += ["a traceback in the log"] * ("Traceback" in collector.log)
    return wrong
