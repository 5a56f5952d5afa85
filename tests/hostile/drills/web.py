"""Clients of the web side that are slow, silent, greedy, malformed or do not know the password."""

import base64
import random
import ssl
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import bcrypt

from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.web_process import (
    answer_to,
    connected,
    in_threads,
    read_whole,
    web_collector,
)
from tests.hostile.web_requests import malformed_requests
from tests.integration.certificates import make_certificates

_HALF = b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Half: "
_WHOLE = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"


def _silent_clients(folder: Path) -> Outcome:
    with web_collector(folder) as collector:
        before = collector.polls()
        collector.attacked()
        end = time.monotonic() + 20
        with connected(collector.port, 300, _HALF):
            seconds = collector.seconds("/metrics")
            polled = 0
            while polled < 2 and time.monotonic() < end:
                time.sleep(0.1)
                polled = collector.polls() - before
        return Outcome(
            collector.memory(),
            seconds,
            collector.lines(),
            f"{polled} polls meanwhile",
            "" if polled >= 2 else "polls stopped",
        )


def _plain_scrapers(folder: Path, consumers: int, count: int) -> Outcome:
    with web_collector(folder, consumers=consumers, files=1024) as collector:
        collector.get("/metrics")
        collector.attacked()
        sizes: list[int] = []
        calls = [
            threading.Thread(target=lambda: sizes.append(read_whole(collector.port, "/metrics")))
            for _ in range(count)
        ]
        in_threads(calls)
        worst = 0.0
        while any(call.is_alive() for call in calls):
            worst = max(worst, collector.seconds("/healthz", 120))
            time.sleep(0.02)
        short = sum(size < 100_000 for size in sizes)
        return Outcome(
            collector.memory(),
            worst,
            collector.lines(),
            f"{len(sizes) - short} of {count} scrapes whole",
            f"{short} scrapes cut short" if short else "",
        )


def _sigterm(folder: Path, consumers: int) -> Outcome:
    """Silent, half a request, no reading, half a TLS handshake, and passwords being checked."""
    web = f"basic_auth_users: {{alice: '{_hashed('right', 12)}'}}"
    login = _login("alice", "right")
    scrape = _WHOLE.replace(
        b"\r\n\r\n", f"\r\nAuthorization: {login['Authorization']}\r\n\r\n".encode()
    )
    with web_collector(
        folder, consumers=consumers, files=2048, web=web, headers=login
    ) as collector:
        collector.get("/metrics")
        collector.attacked()
        with ExitStack() as attack:
            for say, count in ((b"", 300), (_HALF, 300), (b"\x16\x03\x01", 50)):
                attack.enter_context(connected(collector.port, count, say))
            attack.enter_context(connected(collector.port, 40, scrape, buffer=4096))
            for number in range(20):
                attack.enter_context(connected(collector.port, 1, _asks("alice", f"w{number}")))
            time.sleep(0.5)
            health = collector.seconds("/healthz")
            memory, lines = collector.memory(), collector.lines()
            seconds = collector.seconds_to_end()
        return Outcome(memory, seconds, lines, f"a health check took {1000 * health:.0f} ms")


def _half_open_tls(folder: Path) -> Outcome:
    """Six hundred clients begin a handshake and leave it at that."""
    files = make_certificates(folder)
    web = f"tls_server_config: {{cert_file: '{files.server}', key_file: '{files.server_key}'}}"
    trust = ssl.create_default_context(cafile=str(files.ca))
    with web_collector(folder, files=1024, web=web, tls=trust) as collector:
        collector.attacked()
        with connected(collector.port, 600, b"\x16\x03\x01"):
            health = collector.seconds("/healthz")
            memory, lines = collector.memory(), collector.lines()
            seconds = collector.seconds_to_end()
        return Outcome(memory, seconds, lines, f"a health check took {1000 * health:.0f} ms")


def _malformed(folder: Path) -> Outcome:
    with web_collector(folder) as collector:
        collector.attacked()
        for say in malformed_requests():
            answer_to(collector.port, say, timeout=0.1)
        seconds = collector.seconds("/metrics")
        told = "hunter2" in collector.log or "Traceback" in collector.log
        return Outcome(
            collector.memory(),
            seconds,
            collector.lines(),
            "a scrape was answered",
            "the log has what clients sent, or a traceback" if told else "",
        )


def _brute_force(folder: Path) -> Outcome:
    """Fifty at once from one address; then a client at another sends the right password."""
    web = f"basic_auth_users: {{alice: '{_hashed('right', 10)}', bob: '{_hashed('his', 10)}'}}"
    with web_collector(folder, web=web, headers=_login("alice", "right")) as collector:
        collector.get("/healthz")
        collector.attacked()
        stop = threading.Event()

        def guess(number: int) -> None:
            dice = random.Random(number)
            while not stop.is_set():
                answer_to(collector.port, _asks("bob", str(dice.random())), source="127.0.0.2")
                time.sleep(0.02)

        in_threads([threading.Thread(target=guess, args=(number,)) for number in range(50)])
        time.sleep(0.5)
        remembered = collector.seconds("/healthz")
        begin = time.monotonic()
        answer = answer_to(collector.port, _asks("bob", "his"), 20, source="127.0.0.3")
        seconds = time.monotonic() - begin
        stop.set()
        return Outcome(
            collector.memory(),
            seconds,
            collector.lines(),
            f"a password that is known already took {1000 * remembered:.0f} ms",
            "" if b" 200 OK" in answer else "the right password was turned away",
        )


def _hashed(password: str, cost: int) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def _login(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _asks(user: str, password: str) -> bytes:
    login = _login(user, password)["Authorization"]
    head = f"GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: {login}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode()


DRILLS: tuple[Drill, ...] = (
    Drill(
        "300 clients send half a request (256 files): until a scrape",
        Limits(30, 3, 5),
        _silent_clients,
    ),
    Drill(
        "60 scrapers without gzip, 2 000 consumers: slowest health check",
        Limits(60, 3, 2),
        lambda folder: _plain_scrapers(folder, 2_000, 60),
    ),
    Drill(
        "200 scrapers without gzip, 10 000 consumers: slowest health check",
        Limits(90, 3, 2),
        lambda folder: _plain_scrapers(folder, 10_000, 200),
        short=False,
    ),
    Drill(
        "700 clients silent, half way, not reading or guessing passwords: SIGTERM",
        Limits(60, 5, 8),
        lambda folder: _sigterm(folder, 2_000),
    ),
    Drill(
        "the same with 10 000 consumers: SIGTERM",
        Limits(90, 5, 8),
        lambda folder: _sigterm(folder, 10_000),
        short=False,
    ),
    Drill(
        "600 clients begin a TLS handshake and do not go on: SIGTERM",
        Limits(99, 5, 3),
        _half_open_tls,
        short=False,
    ),
    Drill("malformed requests: until a scrape", Limits(30, 3, 6), _malformed),
    Drill(
        "wrong passwords, 50 at once: until a right one of another address",
        Limits(30, 2, 5),
        _brute_force,
    ),
)
