"""With only the rights that `obs nats permissions` prints everything works; with one fewer the
error names it."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest

from obs.errors import SourceError
from obs.sandbox.nats_server import NatsServer
from obs.sources.nats import subjects
from obs.sources.nats.opened import open_cluster
from obs.sources.nats.permissions import rights
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of

pytestmark = pytest.mark.integration
__all__ = ["collectors"]

ADMIN = {"user": "admin", "password": "secret"}


@dataclass(frozen=True)
class Rights:
    """What a user may publish and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def without(self, subject: str) -> "Rights":
        return Rights(
            tuple(each for each in self.publish if each != subject),
            tuple(each for each in self.subscribe if each != subject),
        )


def source_of(server: NatsServer, way: str, folder: Path) -> dict[str, Any]:
    """A source that reads everything one way, signed in as obs."""
    password = folder / "password"
    password.write_text("secret\n")
    login = {"servers": [server.url], "user": "obs", "password_file": str(password)}
    if way == "system":
        return {"system": login}
    stream = {"advisory_stream": "ADVISORIES"} if way == "capturing" else {}
    return {"connection": login | {"account": "OMS"} | stream}


def needed(source: dict[str, Any]) -> Rights:
    """The rights of its only user, as the command prints them."""
    (user,) = rights("nats", NatsSource.model_validate(source))
    return Rights(user.publish, user.subscribe)


@contextmanager
def running(server: NatsServer, folder: Path, allowed: Rights, way: str) -> Iterator[None]:
    """The server with a user obs of these rights, in the system account or in one with a stream."""
    user = {
        "user": "obs",
        "password": "secret",
        "permissions": {
            "publish": {"allow": list(allowed.publish)},
            "subscribe": {"allow": list(allowed.subscribe)},
        },
    }
    users: dict[str, list[Any]] = {"OMS": [ADMIN], "SYS": []}
    users["SYS" if way == "system" else "OMS"].append(user)
    server._extra = {
        "accounts": {
            "OMS": {"users": users["OMS"], "jetstream": "enabled"},
            "SYS": {"users": users["SYS"]},
        },
        "system_account": "SYS",
    }
    with server:
        asyncio.run(_fill(server))
        yield


async def _fill(server: NatsServer) -> None:
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream()
    await js.add_stream(name="ORDERS", subjects=["orders.>"])
    await js.add_stream(name="ADVISORIES", subjects=["$JS.EVENT.ADVISORY.>"])
    await js.add_consumer("ORDERS", durable_name="worker", ack_policy="explicit", ack_wait=1)
    for _ in range(3):
        await js.publish("orders.new", b"x")
    pull = await js.pull_subscribe_bind("worker", "ORDERS")
    await (await pull.fetch(1))[0].term()
    await client.close()


@pytest.fixture
def server(tmp_path: Path) -> NatsServer:
    return NatsServer(tmp_path / "nats")


WAYS = ("system", "account", "capturing")


@pytest.mark.parametrize("way", WAYS)
def test_the_printed_rights_are_enough(
    server: NatsServer, way: str, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    source = source_of(server, way, tmp_path)
    with running(server, tmp_path, needed(source), way):
        collector = CollectorProcess(tmp_path, spec_of(tmp_path, nats=source))
        collectors.append(collector.start())
        found = {"nats": "nats", "account": "OMS", "stream": "ORDERS", "consumer": "worker"}
        collector.until(lambda scrape: scrape.get(key("nats_consumer_lag_messages", **found)) == 2)
        if way != "system":
            dead_letters = key("nats_consumer_dead_letters_total", **found)
            collector.until(lambda scrape: scrape.get(dead_letters) == 0)
        assert "permission" not in collector.log
        collector.kill()


@pytest.mark.parametrize("way", WAYS[:2])
def test_an_error_names_the_right_that_is_missing(
    server: NatsServer, way: str, tmp_path: Path
) -> None:
    source = source_of(server, way, tmp_path)
    spec = NatsSource.model_validate(source | {"timeout": "1s"})
    allowed = needed(source)
    only_where_needed = (
        *(subjects.LEAFZ, subjects.GATEWAYZ, subjects.ROUTEZ, subjects.account_detail("*")),
        subjects.stored_message("$JS.API", "*"),
    )
    asked = [each for each in allowed.publish if each not in only_where_needed]
    for missing in asked:
        with (
            running(server, tmp_path, allowed.without(missing), way),
            closing(open_cluster("main", spec, time.time)) as cluster,
            pytest.raises(SourceError) as raised,
        ):
            cluster.poll()
        named = re.escape(missing).replace(r"\*", "(ORDERS|ADVISORIES)")
        said = f"{re.escape(server.url)}: the user lacks the permission to publish to {named}"
        assert re.fullmatch(said, str(raised.value))
        assert raised.value.reason == "auth"
