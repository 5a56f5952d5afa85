"""A service that calls a language model over HTTP and measures it by OpenTelemetry's `gen_ai`
conventions; the model is a server of the tests that can be slow, limited or broken."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.integration.pack_services.telemetry import Telemetry, telemetry

# Advised by the conventions for seconds and for tokens.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4.0**power for power in range(14))


@dataclass
class Model:
    """What the model's API does next."""

    status: int = 200
    refuses: bool = False
    """Whether it answers 200 with the finish reason `content_filter`."""
    hangs_up: bool = False
    """Whether it ends the connection without an answer."""
    first_token: float = 0.0
    """Seconds until the first token."""
    input_tokens: int = 1000
    output_tokens: int = 200


class LlmService:
    """Calls the model by `ask`; its metrics are at host:port `target`.

    `models` are those that do something else than `model`, by name.
    """

    def __init__(
        self, measured: Telemetry, model: Model, models: dict[str, Model], url: str
    ) -> None:
        self.target = measured.target
        self.model = model
        self.models = models
        self._url = url
        histogram = measured.meter.create_histogram
        self._duration = histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first = histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def ask(self, name: str = "gpt-4o-mini", provider: str = "openai") -> int:
        """One call of the model named so; returns the API's status, 0 without an answer."""
        told: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": name,
            "server.address": "127.0.0.1",
        }
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(self._url, json.dumps({"model": name}).encode()) as answer:
                answer.read(1)
                first = time.perf_counter() - began
                usage = json.loads(b"{" + answer.read())["usage"]
        except urllib.error.HTTPError as error:
            error.close()
            kind = {"error.type": str(error.code)}
            self._duration.record(time.perf_counter() - began, told | kind)
            return error.code
        except OSError as error:
            kind = {"error.type": type(error).__name__}
            self._duration.record(time.perf_counter() - began, told | kind)
            return 0
        told["gen_ai.response.model"] = name
        refuses = self.models.get(name, self.model).refuses
        refused = {"error.type": "content_filter"} if refuses else {}
        self._duration.record(time.perf_counter() - began, told | refused)
        self._first.record(first, told)
        for kind_of_token in ("input", "output"):
            used = told | {"gen_ai.token.type": kind_of_token}
            self._tokens.record(usage[f"{kind_of_token}_tokens"], used)
        return 200


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(usual: Model, models: dict[str, Model]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model = models.get(asked["model"], usual)
            if model.hangs_up:
                self.close_connection = True
                return
            time.sleep(model.first_token)
            usage = {"input_tokens": model.input_tokens, "output_tokens": model.output_tokens}
            reason = "content_filter" if model.refuses else "stop"
            body = json.dumps({"finish_reason": reason, "usage": usage}).encode()
            self.send_response(model.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def llm_service(name: str = "assistant") -> Iterator[LlmService]:
    """A service and its model, which run while entered."""
    model, models = Model(), dict[str, Model]()
    server = _Server(("127.0.0.1", 0), _handler(model, models))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        with telemetry(name) as measured:
            url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
            yield LlmService(measured, model, models, url)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
