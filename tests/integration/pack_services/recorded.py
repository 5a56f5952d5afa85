"""Expositions of what cannot run here, in their real shape, with values that tests set: cAdvisor,
Google's stackdriver_exporter, resilience4j, opossum, BullMQ."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from typing import Final

_OF_A_HISTOGRAM: Final = ("_bucket", "_sum", "_count")


class Exposition:
    """Series with their values, served at host:port `target`."""

    def __init__(self, types: Mapping[str, str]) -> None:
        """`types`: the type of each family, by the name after `# TYPE`."""
        self.target = ""
        self._types = types
        self._series: dict[str, float] = {}

    def set(self, series: str, value: float) -> None:
        """Give a series, as PromQL writes it, a value from now on."""
        self._series[series] = value

    def add(self, series: str, more: float = 1) -> None:
        """Raise a counter."""
        self._series[series] = self._series.get(series, 0.0) + more

    def values(self) -> list[tuple[str, float]]:
        """Each series with its value."""
        return list(self._series.items())

    def remove(self, series: str) -> None:
        """Drop a series, as an exporter does with a container that is gone."""
        del self._series[series]

    def observe(
        self, histogram: str, value: float, bounds: Sequence[float], times: int = 1
    ) -> None:
        """Add observations to the buckets, sum and count of `name{labels}`."""
        name, _, labels = histogram.removesuffix("}").partition("{")
        for bound in (*bounds, inf):
            le = "+Inf" if bound == inf else f"{bound:g}"
            inner = ",".join(filter(None, (labels, f'le="{le}"')))
            self.add(f"{name}_bucket{{{inner}}}", times if value <= bound else 0)
        self.add(f"{name}_sum{{{labels}}}", value * times)
        self.add(f"{name}_count{{{labels}}}", times)

    def text(self) -> str:
        """What a scrape gets: the families in the order of their first series."""
        families: dict[str, list[str]] = defaultdict(list)
        for series, value in list(self._series.items()):
            families[self._family(series.partition("{")[0])].append(f"{series} {value!r}")
        lines = []
        for family, series_of_it in families.items():
            if kind := self._types.get(family):
                lines.append(f"# TYPE {family} {kind}")
            lines += series_of_it
        return "\n".join([*lines, ""])

    def _family(self, name: str) -> str:
        for suffix in _OF_A_HISTOGRAM:
            base = name.removesuffix(suffix)
            if base != name and self._types.get(base) in {"histogram", "summary"}:
                return base
        return name


@contextmanager
def exposition(types: Mapping[str, str]) -> Iterator[Exposition]:
    """An exposition that is served while entered."""
    made = Exposition(types)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = made.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.target = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
