"""Dead letters of several accounts, over connections that come and go, on real servers."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.cuttable import Cuttable
from tests.integration.waiting import eventually

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

ADVISORIES = "$JS.EVENT.ADVISORY.>"
CAPTURE = "ADVISORIES"
PASSWORD = "${OBS_TEST_PASSWORD}"
EVENTS = key("slo_events_total", slo="delivery", slo_service="oms")
GOOD = key("slo_good_events_total", slo="delivery", slo_service="oms")
RATIO = key("slo_error_ratio", slo="delivery", slo_service="oms", window="5m")
DELIVERY = {
    "name": "delivery",
    "service": "oms",
    "objective": 99,
    "sli": {"nats_delivery": {"source": "nats", "stream": "O", "consumer": "w"}},
}


def account(name: str, **more: Any) -> dict[str, Any]:
    return {
        "jetstream": "enabled",
        "users": [{"user": name.lower(), "password": "secret"}],
        **more,
    }


def importing(*names: str) -> dict[str, Any]:
    """An account that imports the advisories of these, each with its name as the prefix."""
    return account(
        "M",
        imports=[
            {"stream": {"account": each, "subject": ADVISORIES}, "to": f"{each}.{ADVISORIES}"}
            for each in names
        ],
    )


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NatsServer]:
    """Accounts A and B export their advisories to account M."""
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    exports = [{"stream": ADVISORIES}]
    accounts = {
        "A": account("A", exports=exports),
        "B": account("B", exports=exports),
        "M": importing("A", "B"),
    }
    with NatsServer(tmp_path, extra={"accounts": accounts}) as running:
        for each in ("a", "b"):
            asyncio.run(set_up(running, each))
        yield running


async def set_up(server: NatsServer, user: str) -> None:
    client = await nats.connect(server.url, user=user, password="secret")
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="O", subjects=["o"]))
    await js.add_stream(StreamConfig(name=CAPTURE, subjects=[ADVISORIES]))
    config = ConsumerConfig(durable_name="w", max_deliver=2, ack_wait=0.2)
    await js.add_consumer("O", config)
    await client.close()


def settle(server: NatsServer, user: str, *, acked: int = 0, lost: int = 0) -> None:
    """Messages that the consumer acknowledges at once, or gives up after two tries."""

    async def work() -> None:
        client = await nats.connect(server.url, user=user, password="secret")
        js = client.jetstream()
        pull = await js.pull_subscribe_bind(consumer="w", stream="O")
        for number in range(acked + lost):
            await js.publish("o", b"acked" if number < acked else b"lost")
        with contextlib.suppress(TimeoutError):
            while True:
                for message in await pull.fetch(100, timeout=1):
                    if message.data == b"acked":
                        await message.ack_sync()
        await client.close()

    asyncio.run(work())


def connection(server: NatsServer | Cuttable, name: str, **more: Any) -> dict[str, Any]:
    login = {"user": name.lower(), "password": PASSWORD}
    return {"servers": [server.url], "account": name, **login, **more}


def collector_of(
    collectors: list[CollectorProcess],
    folder: Path,
    server: NatsServer,
    *connections: Mapping[str, Any],
    slos: tuple[Mapping[str, Any], ...] = (DELIVERY,),
) -> CollectorProcess:
    nats_source = {"monitor": [server.monitor], "connections": connections}
    collector = CollectorProcess(folder / "obs", spec_of(folder, nats=nats_source, slos=slos))
    collectors.append(collector)
    collector.clock.turn()
    return collector


def dead_letters(name: str) -> Any:
    labels = {"nats": "nats", "account": name, "stream": "O", "consumer": "w"}
    return key("nats_consumer_dead_letters_total", **labels)


def up(name: str = "connection") -> Any:
    return key("obs_source_up", source=f"nats/{name}")


def known(collector: CollectorProcess, name: str, number: int) -> None:
    collector.until(lambda scrape: scrape.get(dead_letters(name)) == number)


def begun(collector: CollectorProcess, *names: str) -> None:
    """These accounts are heard, and a poll since then is what counting begins with."""
    for name in names:
        known(collector, name, 0)
    collector.polls("nats")


def counted(collector: CollectorProcess, good: int, events: int) -> None:
    """The present minute is over, and so much was counted up to it."""
    collector.polls("nats")
    collector.clock.turn()
    collector.until(lambda scrape: (scrape.get(GOOD), scrape.get(EVENTS)) == (good, events))


def test_an_account_that_no_connection_hears_is_unknown_and_said_to_be(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    collector = collector_of(collectors, tmp_path, server, connection(server, "A")).start()
    begun(collector, "A")
    settle(server, "a", acked=3)
    settle(server, "b", lost=5)
    counted(collector, 3, 3)
    assert dead_letters("B") not in collector.scrape()
    collector.logged("no connection hears account B")
    texts = [problem["text"] for problem in collector.status()["verdict"]["problems"]]
    assert texts == ["Account B: dead letters are unknown, because no connection hears it"]


def test_connections_of_several_accounts_add_up(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    both = (connection(server, "A"), connection(server, "B", advisory_stream=CAPTURE))
    collector = collector_of(collectors, tmp_path, server, *both).start()
    begun(collector, "A", "B")
    settle(server, "a", acked=3, lost=1)
    settle(server, "b", acked=2, lost=5)
    known(collector, "A", 1)
    known(collector, "B", 5)
    counted(collector, 5, 11)
    scrape = collector.scrape()
    assert scrape[up("connection/A")] == scrape[up("connection/B")] == 1
    assert collector.status()["unheard_accounts"] == []


@pytest.mark.parametrize("capture", [False, True])
def test_one_connection_hears_the_accounts_that_its_own_imports(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess], capture: bool
) -> None:
    fields: dict[str, Any] = {"imports": {"A": "A", "B": "B"}}
    if capture:
        asyncio.run(capture_imports(server))
        fields["advisory_stream"] = CAPTURE
    collector = collector_of(collectors, tmp_path, server, connection(server, "M", **fields))
    collector.start()
    begun(collector, "A", "B")
    settle(server, "a", acked=3, lost=1)
    settle(server, "b", lost=5)
    known(collector, "A", 1)
    known(collector, "B", 5)
    counted(collector, 3, 9)


async def capture_imports(server: NatsServer) -> None:
    """A stream of what account M imports: servers take such subjects without acknowledgement."""
    client = await nats.connect(server.url, user="m", password="secret")
    subjects = [f"{each}.$JS.EVENT.ADVISORY.CONSUMER.>" for each in "AB"]
    config = StreamConfig(name=CAPTURE, subjects=subjects, no_ack=True)
    await client.jetstream().add_stream(config)
    await client.close()


def test_an_import_that_is_not_there_is_an_error_and_no_zero(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    wrong = connection(server, "M", imports={"A": "A", "B": "C"})
    collector = collector_of(collectors, tmp_path, server, wrong).start()
    eventually(lambda: "does not import the advisories of account B as C." in collector.log)
    scrape = collector.polls("nats")
    assert scrape[up()] == 0
    assert dead_letters("A") not in scrape


def lose_while_cut(collector: CollectorProcess, server: NatsServer, between: Cuttable) -> None:
    """One of ten messages is lost over the connection, then five of seven once it is cut."""
    begun(collector, "A")
    settle(server, "a", acked=9, lost=1)
    known(collector, "A", 1)
    counted(collector, 9, 10)
    between.cut()
    collector.until(lambda scrape: scrape[up()] == 0 and dead_letters("A") not in scrape)
    settle(server, "a", acked=2, lost=5)
    collector.polls("nats")
    collector.clock.turn()


def test_what_is_lost_while_the_connection_is_cut_stays_unknown(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    between = Cuttable(server.port)
    collector = collector_of(collectors, tmp_path, server, connection(between, "A")).start()
    lose_while_cut(collector, server, between)
    collector.polls("nats")
    between.mend()
    known(collector, "A", 1)
    collector.polls("nats")
    collector.clock.turn()
    settle(server, "a", acked=4)
    counted(collector, 9 + 4, 10 + 4)
    between.close()


@pytest.mark.parametrize("fields", [{}, {"advisory_stream": CAPTURE}])
def test_a_connection_that_no_longer_answers_does_not_pass_for_silence(
    server: NatsServer,
    tmp_path: Path,
    collectors: list[CollectorProcess],
    fields: dict[str, str],
) -> None:
    between = Cuttable(server.port)
    silent = connection(between, "A", **fields)
    collector = collector_of(collectors, tmp_path, server, silent).start()
    begun(collector, "A")
    between.freeze()
    settle(server, "a", acked=4, lost=5)
    collector.polls("nats")
    collector.clock.turn()
    scrape = collector.until(lambda scrape: scrape[up()] == 0 and dead_letters("A") not in scrape)
    assert scrape.get(EVENTS, 0) == 0
    between.close()


def test_an_advisory_stream_fills_in_what_was_lost_while_the_connection_was_cut(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    between = Cuttable(server.port)
    captured = connection(between, "A", advisory_stream=CAPTURE)
    collector = collector_of(collectors, tmp_path, server, captured).start()
    lose_while_cut(collector, server, between)
    scrape = collector.polls("nats")
    assert (scrape[GOOD], scrape[EVENTS]) == (9, 10), "not known yet"
    between.mend()
    known(collector, "A", 6)
    counted(collector, 11, 17)
    between.close()


@pytest.mark.parametrize("crash", [False, True])
def test_a_restart_in_the_middle_of_a_minute_loses_and_doubles_nothing(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess], crash: bool
) -> None:
    captured = connection(server, "A", advisory_stream=CAPTURE)
    collector = collector_of(collectors, tmp_path, server, captured).start()
    begun(collector, "A")
    settle(server, "a", acked=3, lost=1)
    known(collector, "A", 1)
    collector.polls("nats")
    if crash:
        collector.kill()
    else:
        collector.stop()
    settle(server, "a", acked=2, lost=3)
    collector.start()
    known(collector, "A", 4)
    settle(server, "a", acked=1)
    counted(collector, 6, 10)
    counted(collector, 6, 10)


def test_a_total_outage_is_told_as_one_across_minutes(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    """Tried in one minute, given up in the next."""
    collector = collector_of(collectors, tmp_path, server, connection(server, "A")).start()
    begun(collector, "A")
    asyncio.run(try_once(server, messages=10))
    collector.polls("nats")
    collector.clock.turn()
    settle(server, "a")
    known(collector, "A", 10)
    counted(collector, 0, 10)
    assert collector.scrape()[RATIO] == 1


async def try_once(server: NatsServer, messages: int) -> None:
    client = await nats.connect(server.url, user="a", password="secret")
    js = client.jetstream()
    pull = await js.pull_subscribe_bind(consumer="w", stream="O")
    for _ in range(messages):
        await js.publish("o", b"lost")
    assert len(await pull.fetch(messages, timeout=5)) == messages
    await client.close()


def test_a_permission_that_is_withdrawn_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collectors: list[CollectorProcess]
) -> None:
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    allowed: dict[str, Any] = {"subscribe": [ADVISORIES, "_INBOX.>"]}
    obs = {"user": "obs", "password": "secret", "permissions": allowed}
    accounts = {"A": account("A")}
    accounts["A"]["users"].append(obs)
    with NatsServer(tmp_path, extra={"accounts": accounts}) as server:
        asyncio.run(set_up(server, "a"))
        login = connection(server, "A", user="obs")
        collector = collector_of(collectors, tmp_path, server, login).start()
        known(collector, "A", 0)
        allowed["subscribe"] = ["_INBOX.>"]
        config = server.directory / f"{server.name}.conf"
        config.write_text(config.read_text().replace(ADVISORIES, "other"))
        pid = server.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGHUP)
        collector.until(lambda scrape: scrape[up()] == 0 and dead_letters("A") not in scrape)
