"""A synthesised cluster of many servers and up to millions of consumers, as its /jsz answers.

Every server leads its own streams, of which each has a hundred consumers; between two polls every
consumer's numbers change. A process of its own serves the answers, made beforehand, so that only
the collector's share is measured.
"""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Final

from tests.bench.poll import HEALTHZ, INTERVAL, stamp

OF_STREAM: Final = 100
"""Consumers on each stream."""
OF_SERVER: Final = 100_000
"""Consumers that one server leads, at most."""
_CONFIG: Final = (
    ',"config":{"durable_name":"%s","ack_policy":"explicit","ack_wait":30000000000,'
    '"max_deliver":3,"max_ack_pending":1000}'
)


def answer(server: int, consumers: range, poll: int) -> bytes:
    """One server's /jsz; with settings at the first poll."""
    at = stamp(1.79e9 + poll * INTERVAL)
    streams = ",".join(
        _stream(server, range(first, min(first + OF_STREAM, consumers.stop)), poll, at)
        for first in range(consumers.start, consumers.stop, OF_STREAM)
    )
    number = -(-len(consumers) // OF_STREAM)
    return (
        f'{{"server_id":"S{server}","streams":{number},"consumers":{len(consumers)},'
        f'"account_details":[{{"name":"APP","id":"APP","stream_detail":[{streams}]}}]}}'
    ).encode()


def _stream(server: int, consumers: range, poll: int, at: str) -> str:
    details = ",".join(_consumer(number, poll, at) for number in consumers)
    config = "" if poll else ',"config":{"max_age":3600000000000,"num_replicas":1}'
    return (
        f'{{"name":"STREAM_{consumers.start // OF_STREAM:05d}","created":"2026-01-01T00:00:00Z",'
        f'"cluster":{{"leader":"n{server}"}},"state":{{"messages":500000,"bytes":500000000,'
        f'"first_seq":{500_000 + poll * 300},"first_ts":"{at}","last_seq":{1_001_000 + poll * 310},'
        f'"last_ts":"{at}","consumer_count":{len(consumers)}}}{config},'
        f'"consumer_detail":[{details}]}}'
    )


def _consumer(number: int, poll: int, at: str) -> str:
    delivered = 1_000_000 + poll * 300 + number % 100
    pending = (number % 3 == 0) * (500 + poll * 7 + number % 50)
    name = f"consumer-{number:07d}"
    return (
        f'{{"stream_name":"STREAM_{number // OF_STREAM:05d}","name":"{name}",'
        f'"created":"2026-01-01T00:00:00Z","delivered":{{"consumer_seq":{delivered},'
        f'"stream_seq":{delivered},"last_active":"{at}"}},"ack_floor":{{"consumer_seq":'
        f'{delivered - 20},"stream_seq":{delivered - 20}}},"num_ack_pending":'
        f'{5 + (number + poll) % 16},"num_redelivered":{int(number % 10 == 0)},"num_waiting":1,'
        f'"num_pending":{pending},"ts":"{at}"{"" if poll else _CONFIG % name}}}'
    )


def _serve(consumers: int, polls: int, pipe: Connection) -> None:
    parts = [
        range(first, min(first + OF_SERVER, consumers)) for first in range(0, consumers, OF_SERVER)
    ]
    answers = [
        [answer(server, part, poll) for poll in range(polls)] for server, part in enumerate(parts)
    ]
    asked: Counter[tuple[str, str]] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, run, server, page = self.path.split("/", 3)
            if page.startswith("jsz"):
                body = answers[int(server)][min(asked[run, server], polls - 1)]
                asked[run, server] += 1
            elif page.startswith("varz"):
                body = (
                    f'{{"server_id":"S{server}","server_name":"n{server}","version":"2.15.0"}}'
                ).encode()
            else:
                body = HEALTHZ
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send((server.server_port, len(parts), sum(len(each[-1]) for each in answers)))
    server.serve_forever()


@contextmanager
def serving(consumers: int, polls: int) -> Iterator[tuple[int, int, int]]:
    """(port, servers, bytes of all their answers at a poll); a run's server n is at /RUN/n."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(consumers, polls, theirs), daemon=True
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()
