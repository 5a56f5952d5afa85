"""Broken NATS systems."""

import asyncio
import json
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import nats
from nats.js.api import ConsumerConfig

from obs.sandbox.nats_server import NatsCluster, NatsServer
from obs.sandbox.process import free_ports
from tests.broken_systems.watching import Outcome, Watched, all_at_once, running
from tests.integration.nats_binary import run_by
from tests.integration.nats_monitor import Edit, monitor_of
from tests.integration.waiting import answered, eventually
from tests.truth.js import AWAY

STREAMS = 6
ELECTION = 15.0
"""Seconds within which the servers that are left agree on leaders."""
OUTSTANDING = 5
"""Messages of each stream's consumer, which make an alert fire."""


def clustered(folder: Path) -> Iterator[Outcome]:
    """One of three dead, one of three listed, one address for three."""
    with ExitStack() as stack:
        cluster = NatsCluster(folder / "nats")
        for member in cluster.members:
            run_by(member)
        stack.enter_context(cluster)
        asyncio.run(_fill([member.url for member in cluster.members], 1, 3))
        listed = [member.monitor for member in cluster.members]
        first, second, _ = cluster.members
        alone = stack.enter_context(monitor_of(first.monitor))
        virtual = stack.enter_context(monitor_of(first.monitor))
        dead = Watched(
            "one of three servers is dead",
            folder / "dead",
            {"monitor": listed},
            stale_after=ELECTION,
        )
        one = Watched(
            "one server of three is listed, the others are out of reach",
            folder / "one",
            {"monitor": [alone.url], "discover": False},
        )
        moved = Watched(
            "an address moves from one server to another",
            folder / "moved",
            {"monitor": [virtual.url], "discover": False},
        )
        with running(dead, one, moved):
            all_at_once(dead.well, moved.well)
            virtual.upstream = second.monitor
            all_at_once(one.broken, moved.broken)
            outcomes = [one.outcome(dead), moved.outcome(dead)]
            victim = _most_loaded(cluster)
            victim.kill()
            dead.broken()
            yield dead.outcome()
            yield from outcomes


def edited(folder: Path) -> Iterator[Outcome]:
    """What a server's answers say, and what a spec says of a server that is well."""
    with ExitStack() as stack:
        server = stack.enter_context(run_by(NatsServer(folder / "nats")))
        asyncio.run(_fill([server.url], 1))
        edits: dict[str, Edit] = {
            "a server recovers after a restart": _recovering,
            "JetStream has disabled itself": _disabled,
            "a server is unhealthy: it cannot write": _unhealthy,
        }
        monitors = {name: stack.enter_context(monitor_of(server.monitor)) for name in edits}
        broken = {
            name: Watched(name, folder / f"edited-{number}", {"monitor": [monitor.url]})
            for number, (name, monitor) in enumerate(monitors.items())
        }
        plain = {"monitor": [server.monitor]}
        (unused,) = free_ports(1)
        named = [
            Watched(
                "a consumer is mistyped in an SLI",
                folder / "consumer",
                plain,
                slos=_slo("S0", "wroker"),
            ),
            Watched(
                "a stream is mistyped in an SLI",
                folder / "stream",
                plain,
                slos=_slo("S00", "worker"),
            ),
            Watched(
                "no server answers: the port is wrong",
                folder / "port",
                {"monitor": [f"http://127.0.0.1:{unused}"]},
            ),
            Watched(
                "a stream that the spec expects is missing",
                folder / "expects",
                {**plain, "expects": {"ORDERS": {}}},
            ),
        ]
        reference = next(iter(broken.values()))
        with running(*broken.values(), *named):
            all_at_once(*(each.well for each in broken.values()))
            for name, monitor in monitors.items():
                monitor.edit = edits[name]
            all_at_once(*(each.broken for each in (*broken.values(), *named)))
            yield from (each.outcome() for each in broken.values())
            yield from (each.outcome(reference) for each in named)


def restarted(folder: Path) -> Iterator[Outcome]:
    """Servers that come back as others than they were."""
    with ExitStack() as stack:
        off, wiped = (run_by(NatsServer(folder / name)) for name in ("off", "wiped"))
        for server in (off, wiped):
            stack.enter_context(server)
            asyncio.run(_fill([server.url], 1))
        without = NatsServer(
            folder / "off", ports=(off.port, off.monitor_port), extra={"jetstream": None}
        )
        stack.callback(run_by(without).stop)
        is_off = Watched(
            "JetStream is off after a restart", folder / "is-off", {"monitor": [off.monitor]}
        )
        is_wiped = Watched(
            "the store is empty after a restart", folder / "is-wiped", {"monitor": [wiped.monitor]}
        )
        with running(is_off, is_wiped):
            all_at_once(is_off.well, is_wiped.well)
            off.stop()
            wiped.stop()
            shutil.rmtree(wiped.directory / wiped.name)
            without.start()
            wiped.start()
            all_at_once(is_off.broken, is_wiped.broken)
            yield is_off.outcome()
            yield is_wiped.outcome()


def _slo(stream: str, consumer: str) -> tuple[dict[str, Any], ...]:
    sli = {"source": "nats", "stream": stream, "consumer": consumer, "max_seconds": "30s"}
    named = {"name": "timely", "service": "oms", "objective": 99.0, "window": "7d"}
    return ({**named, "sli": {"nats_lag": sli}},)


async def _fill(urls: list[str], *replicas: int) -> None:
    """Streams with a consumer that does nothing; each has another number of replicas in turn."""
    client = await nats.connect(urls, connect_timeout=10, max_reconnect_attempts=10)
    js = client.jetstream(timeout=10)
    for number in range(STREAMS):
        name, subject = f"S{number}", f"s{number}"

        copies = replicas[number % len(replicas)]
        add = partial(js.add_stream, name=name, subjects=[subject], num_replicas=copies)
        await answered(add, *AWAY)
        config = ConsumerConfig(durable_name="worker")
        await answered(partial(js.add_consumer, name, config), *AWAY)
        for _ in range(OUTSTANDING):
            await answered(partial(js.publish, subject, b"x"), *AWAY)
    await client.close()


def _most_loaded(cluster: NatsCluster) -> NatsServer:
    """The member that leads most consumers; the last one where several do."""

    def led(member: NatsServer) -> int:
        with urllib.request.urlopen(f"{member.monitor}/jsz?accounts=1&streams=1&consumers=1") as a:
            accounts = json.load(a).get("account_details") or []
        return sum(
            (consumer.get("cluster") or {}).get("leader") == member.name
            for account in accounts
            for stream in account.get("stream_detail") or []
            for consumer in stream.get("consumer_detail") or []
        )

    eventually(lambda: sum(map(led, cluster.members)) == STREAMS)
    return max(cluster.members, key=led)


def _recovering(path: str, status: int, body: bytes) -> tuple[int, bytes]:
    """JetStream has read half of the streams so far."""
    if path.startswith("/healthz"):
        return _bad_health("JetStream has not established contact with a meta leader")
    if not path.startswith("/jsz"):
        return status, body
    answer = json.loads(body)
    for account in answer.get("account_details") or ():
        details = account.get("stream_detail") or []
        account["stream_detail"] = details[: len(details) // 2]
    for name in ("streams", "consumers", "messages", "bytes"):
        answer[name] = answer.get(name, 0) // 2
    return status, json.dumps(answer).encode()


def _disabled(path: str, status: int, body: bytes) -> tuple[int, bytes]:
    if path.startswith("/healthz"):
        return _bad_health("JetStream not enabled")
    if path.startswith("/varz"):
        return status, json.dumps({**json.loads(body), "jetstream": {}}).encode()
    if not path.startswith("/jsz"):
        return status, body
    kept = {name: value for name, value in json.loads(body).items() if name in ("server_id", "now")}
    numbers = dict.fromkeys(("memory", "storage", "accounts", "streams", "consumers"), 0)
    return status, json.dumps({**kept, "disabled": True, **numbers}).encode()


def _unhealthy(path: str, status: int, body: bytes) -> tuple[int, bytes]:
    if path.startswith("/healthz"):
        return _bad_health(
            "JetStream stream '$G > S0' could not be written: no space left on device"
        )
    return status, body


def _bad_health(error: str) -> tuple[int, bytes]:
    return 503, json.dumps({"status": "unavailable", "status_code": 503, "error": error}).encode()
