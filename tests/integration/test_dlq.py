"""obs dlq on a real nats-server and on the AWS emulator: replayed, killed, finished, nothing lost.

The issue's figures (1 000 letters, 50 a second) are run by hand; here there are fewer and faster.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig

from obs.dead_letters.jetstream.rights import rights
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, REGION
from obs.sandbox.nats_server import NatsServer
from obs.sources.nats.subjects import DEAD_LETTERS
from obs.spec.nats import NatsSource
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.test_aws_queues import create, dead_letter, redrives_to
from tests.integration.waiting import eventually

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

LETTERS = 300
BAD_SCHEMA, UNKNOWN_TENANT = "terminated: bad schema", "terminated: unknown tenant"
ADMIN = {"user": "admin", "password": "secret"}
OBS = {"user": "obs", "password": "secret"}
WINDOW = 1.0  # seconds for which a stream knows message ids


class Commands:
    """obs dlq in a folder of its own, with the spec there."""

    def __init__(self, folder: Path, sources: Mapping[str, Any]) -> None:
        self.folder = folder
        document = {"version": 1, "system": "shop", "sources": sources}
        (folder / "obs.yaml").write_text(yaml.safe_dump(document))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "obs", "dlq", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OBS_SPEC": "obs.yaml"},
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=200)
        assert process.returncode == code, f"{out}{err}"
        return out + err

    def groups(self, box: str) -> dict[str, int]:
        (listed,) = json.loads(self.run("list", box, "--format", "json"))["boxes"]
        return {each["cause"]: each["letters"] for each in listed["groups"]}

    def told(self, deed: str) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        for file in (self.folder / "obs-state" / "dead-letters").glob("*.jsonl"):
            for line in file.read_text().splitlines():
                try:
                    lines.append(json.loads(line))
                except ValueError:  # half of it is written
                    continue
        return [each for each in lines if each["deed"] == deed]

    def killed(self, most: int, *arguments: str) -> None:
        """Run it until so many letters are sent, then kill it."""
        process = self.start(*arguments)
        try:
            eventually(lambda: len(self.told("done")) >= most or process.poll() is not None)
        finally:
            process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, said


def user_of(permitted: tuple[tuple[str, ...], tuple[str, ...]]) -> dict[str, Any]:
    publish, subscribe = permitted
    allowed = {"publish": {"allow": [*publish]}, "subscribe": {"allow": [*subscribe]}}
    return {**OBS, "permissions": allowed}


def connection(url: str, password: Path) -> dict[str, Any]:
    password.write_text(OBS["password"])
    return {
        "servers": [url],
        "user": "obs",
        "password_file": str(password),
        "account": "SHOP",
        "advisory_stream": "ADVISORIES",
        "dead_letters": {"stream": "DLQ"},
    }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[NatsServer, Commands]]:
    """A server whose user obs has exactly the rights that the command prints."""
    server = NatsServer(tmp_path / "nats")
    source = {"connection": connection(server.url, tmp_path / "password")}
    (needed,) = rights("main", NatsSource.model_validate(source), ["orders.>"])
    users = [ADMIN, user_of((needed.publish, needed.subscribe))]
    server._extra = {"accounts": {"SHOP": {"users": users, "jetstream": "enabled"}}}
    with server:
        asyncio.run(_fill(server))
        yield server, Commands(tmp_path, {"nats": {"main": source}})


async def _fill(server: NatsServer) -> None:
    """Letters of three causes: 40 % of each of two, and 20 % of one."""
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream()
    await js.add_stream(StreamConfig("ORDERS", subjects=["orders.>"], duplicate_window=WINDOW))
    await js.add_stream(name="ADVISORIES", subjects=[*DEAD_LETTERS])
    await js.add_stream(name="DLQ", subjects=["dead.>"], retention=RetentionPolicy.WORK_QUEUE)
    config = ConsumerConfig(
        durable_name="worker", ack_policy=AckPolicy.EXPLICIT, max_deliver=1, ack_wait=30
    )
    await js.add_consumer("ORDERS", config)
    for number in range(LETTERS):
        body = json.dumps({"order": number, "email": f"ada{number}@example.com"}).encode()
        headers = {"Nats-Msg-Id": f"order-{number}"} if number % 2 else {"X-Tenant": "acme"}
        await js.publish(f"orders.{number % 3}", body, headers=headers)
    await _give_up(js)
    await client.close()


async def _give_up(js: JetStreamContext) -> None:
    pull = await js.pull_subscribe_bind(consumer="worker", stream="ORDERS")
    reasons = [b"-NAK"] * 4 + [b"+TERM bad schema"] * 4 + [b"+TERM unknown tenant"] * 2
    while (await js.stream_info("ADVISORIES")).state.messages < LETTERS:
        try:
            for message in await pull.fetch(100, timeout=0.5):
                number = json.loads(message.data)["order"]
                await js._nc.publish(message.reply, reasons[number % 10])
        except TimeoutError:
            continue


async def _stored(server: NatsServer, stream: str, after: int = 0) -> list[Any]:
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream()
    last = (await js.stream_info(stream)).state.last_seq
    found = [await js.get_msg(stream, seq) for seq in range(after + 1, last + 1)]
    await client.close()
    return found


def test_on_jetstream_one_cause_is_replayed_killed_and_finished(
    shop: tuple[NatsServer, Commands],
) -> None:
    server, obs = shop
    assert obs.groups("main/ADVISORIES") == {
        "max_deliveries": LETTERS * 4 // 10,
        BAD_SCHEMA: LETTERS * 4 // 10,
        UNKNOWN_TENANT: LETTERS * 2 // 10,
    }
    shown = obs.run("show", "ADVISORIES", "--id", "ORDERS/worker/5")
    assert "[email]" in shown
    assert "ada" not in shown
    which = ("replay", "ADVISORIES", "--cause", BAD_SCHEMA, "--rate", "100/s")
    planned = obs.run(*which)
    assert f"would send {LETTERS * 4 // 10} of {LETTERS}" in planned
    assert "every consumer of these subjects" in planned
    assert not obs.told("intent")

    obs.killed(40, *which, "--yes", "--watch", "0s")
    done = obs.run(*which, "--yes", "--watch", "0s")
    assert f"{LETTERS * 6 // 10} others untouched" in done

    replayed = asyncio.run(_stored(server, "ORDERS", LETTERS))
    wanted = [number for number in range(LETTERS) if 4 <= number % 10 < 8]
    assert sorted(json.loads(each.data)["order"] for each in replayed) == wanted
    for each in replayed:
        number = json.loads(each.data)["order"]
        assert each.subject == f"orders.{number % 3}"
        assert each.headers["Obs-Replayed-From"] == f"ORDERS/worker/{number + 1}"
        if number % 2:
            assert each.headers["Nats-Msg-Id"] == f"order-{number}"
        else:
            assert each.headers["X-Tenant"] == "acme"
    assert len({each.headers["Nats-Msg-Id"] for each in replayed}) == len(wanted)
    assert obs.groups("main/ADVISORIES") == {"max_deliveries": 120, UNKNOWN_TENANT: 60}
    told = {each["id"]: each["to"] for each in obs.told("done")}
    assert told == {f"ORDERS/worker/{number + 1}": f"orders.{number % 3}" for number in wanted}


def test_on_jetstream_it_stops_when_a_letter_fails_again_and_a_stream_of_the_application_works(
    shop: tuple[NatsServer, Commands],
) -> None:
    server, obs = shop
    which = ("replay", "ADVISORIES", "--cause", UNKNOWN_TENANT)
    process = obs.start(*which, "--yes", "--rate", "5/s", "--watch", "40s")
    asyncio.run(_terminate_one(server, LETTERS))
    out, err = process.communicate(timeout=100)
    assert process.returncode == 1, out + err
    assert "stopped, because 1 failed again and came back" in out
    assert len(obs.told("done")) < LETTERS * 2 // 10
    (back,) = obs.told("returned")
    assert back["of"] in {each["id"] for each in obs.told("done")}
    assert "1 came back after a replay, and are left" in obs.run(*which)

    asyncio.run(_publish_dead_letter(server))
    assert obs.groups("DLQ") == {"card declined": 1, "unknown": 1}
    assert "nothing tells its subject" in obs.run(
        "replay", "DLQ", "--cause", "unknown", "--yes", "--watch", "0s", code=1
    )
    obs.run("replay", "DLQ", "--cause", "card*", "--yes", "--watch", "0s")
    sent = asyncio.run(_stored(server, "ORDERS"))[-1]
    assert (sent.subject, sent.data) == ("orders.9", b"{}")
    assert sent.headers["Obs-Replayed-From"] == "DLQ/1"
    assert "Nats-Expected-Stream" not in sent.headers
    saved = obs.folder / "saved.jsonl"
    assert "would remove 1" in obs.run("purge", "DLQ", "--all")
    obs.run("purge", "DLQ", "--all", "--yes", "--save", str(saved))
    assert json.loads(saved.read_text())["id"] == "DLQ/2"
    assert obs.groups("DLQ") == {}
    denied = obs.run("replay", "ADVISORIES", "--all", "--to", "elsewhere.x", "--yes", code=3)
    assert "lacks the permission to publish to elsewhere.x" in denied
    assert "`obs nats permissions --for dlq` prints what it needs" in denied


async def _terminate_one(server: NatsServer, after: int) -> None:
    client = await nats.connect(server.url, **ADMIN)
    pull = await client.jetstream().pull_subscribe_bind(consumer="worker", stream="ORDERS")
    while True:
        (message,) = await pull.fetch(1, timeout=40)
        if message.metadata.sequence.stream > after:
            await client.publish(message.reply, b"+TERM unknown tenant")
            await client.flush()
            break
    await client.close()


async def _publish_dead_letter(server: NatsServer) -> None:
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream()
    headers = {
        "Dead-Letter-Cause": "card declined",
        "Original-Subject": "orders.9",
        "Nats-Expected-Stream": "DLQ",
    }
    await js.publish("dead.orders", b"{}", headers=headers)
    await js.publish("dead.other", b"{}")
    await client.close()


def aws_source(account: Account, **fields: object) -> dict[str, Any]:
    found = {"region": REGION, "endpoint_url": account.endpoint_url, **fields}
    return {"aws": {"cloud": found}}


def messages_of(account: Account, url: str) -> list[Mapping[str, Any]]:
    """All messages of a queue, which are hidden from then on."""
    sqs = aws_events.aws("sqs", account.endpoint_url)
    found: list[Mapping[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        if not (messages := answer.get("Messages", [])):
            return found
        found += messages


def event(number: int) -> str:
    detail = {"order": number, "email": f"ada{number}@example.com"}
    document = {"id": f"event-{number}", "detail-type": "paid", "source": "shop", "detail": detail}
    return json.dumps(document)


def _events_that_failed(account: Account, queue: str) -> None:
    """Events of a rule whose target is a queue, given up for three causes."""
    sqs, events = (aws_events.aws(each, account.endpoint_url) for each in ("sqs", "events"))
    target = aws_events.queue_arn("orders")
    events.create_event_bus(Name="shop")
    events.put_rule(Name="paid", EventBusName="shop", EventPattern='{"source": ["shop"]}')
    dead = {"Arn": aws_events.queue_arn("shop-dlq")}
    events.put_targets(
        Rule="paid",
        EventBusName="shop",
        Targets=[{"Id": "orders", "Arn": target, "DeadLetterConfig": dead}],
    )
    codes = ["NO_PERMISSIONS"] * 4 + ["THROTTLING"] * 4 + ["NO_RESOURCE"] * 2
    for first in range(0, LETTERS, 10):
        entries = [
            {
                "Id": f"{number}",
                "MessageBody": event(number),
                "MessageAttributes": dead_letter("shop/paid", code, TARGET_ARN=target),
            }
            for number, code in enumerate(codes, first)
        ]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def test_on_sqs_one_cause_is_replayed_killed_and_finished(account: Account, tmp_path: Path) -> None:
    queue, orders = create(account, "shop-dlq"), create(account, "orders")
    _events_that_failed(account, queue)
    obs = Commands(tmp_path, aws_source(account, buses=[{"name": "shop"}]))
    which = ("replay", "shop-dlq", "--cause", "NO_PERMISSIONS", "--rate", "100/s")
    planned = obs.run(*which)
    assert f"would send 120 of {LETTERS}" in planned
    assert aws_events.queue_arn("orders") in planned

    obs.killed(40, *which, "--yes", "--watch", "0s", "--hide", "5s")
    done = json.loads(obs.run(*which, "--yes", "--watch", "0s", "--format", "json"))
    assert done["ended"] == ""

    arrived = Counter(json.loads(each["Body"])["id"] for each in messages_of(account, orders))
    wanted = {f"event-{number}" for number in range(LETTERS) if number % 10 < 4}
    assert arrived.keys() == wanted
    assert arrived.total() - len(wanted) <= done["unsure"] <= 10
    assert obs.groups("shop-dlq") == {"THROTTLING": 120, "NO_RESOURCE": 60}
    told = obs.told("done")
    assert len({each["id"] for each in told}) == len(told) == 120
    assert {each["to"] for each in told} == {aws_events.queue_arn("orders")}

    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/shop"
    again = ("replay", "shop-dlq", "--cause", "NO_RESOURCE", "--to", "bus", "--limit", "5")
    assert "every rule of the bus" in (said := obs.run(*again))
    assert bus in said
    obs.run(*again, "--yes", "--watch", "0s")
    events = [json.loads(each["Body"]) for each in messages_of(account, orders)]
    assert len(events) == 5
    assert all(each["source"] == "shop" and "order" in each["detail"] for each in events)


def test_on_sqs_a_redrive_queue_goes_back_and_stops_when_a_message_fails_again(
    account: Account, tmp_path: Path
) -> None:
    dead = create(account, "orders-dlq.fifo")
    orders = create(account, "orders.fifo", RedrivePolicy=redrives_to("orders-dlq.fifo"))
    sqs = aws_events.aws("sqs", account.endpoint_url)
    for number in range(12):
        sqs.send_message(
            QueueUrl=orders,
            MessageBody=f"order {number}",
            MessageGroupId=f"customer-{number}",
            MessageDeduplicationId=f"order-{number}",
            MessageAttributes={"tenant": {"DataType": "String", "StringValue": "acme"}},
        )
    _fail(account, orders)
    obs = Commands(tmp_path, aws_source(account, buses=[], queues=["orders-dlq.fifo"]))
    assert obs.groups("orders-dlq.fifo") == {"MaxReceiveCountExceeded": 12}
    which = ("replay", "orders-dlq.fifo", "--all", "--yes", "--hide", "5s")
    obs.run(*which, "--limit", "4", "--watch", "0s")
    back = messages_of(account, orders)
    assert len(back) == 4
    for each in back:
        assert each["MessageAttributes"]["tenant"]["StringValue"] == "acme"
        said = each["MessageAttributes"]["Obs-Replayed-From"]["StringValue"]
        assert said.startswith("cloud/orders-dlq.fifo/")
    for each in back:
        sqs.delete_message(QueueUrl=orders, ReceiptHandle=each["ReceiptHandle"])

    process = obs.start(*which, "--limit", "3", "--watch", "40s")
    eventually(lambda: len(obs.told("done")) >= 5)
    _fail(account, orders)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 1, out + err
    assert "failed again and came back" in out
    purged = obs.run("purge", "orders-dlq.fifo", "--all", "--yes")
    assert "removed" in purged
    assert not obs.groups("orders-dlq.fifo")
    assert {each["id"] for each in obs.told("purge")} == {each["id"] for each in obs.told("purged")}
    del dead


def _fail(account: Account, url: str) -> None:
    """Receive each message and give none back, until SQS moves them all."""
    sqs = aws_events.aws("sqs", account.endpoint_url)

    def are_moved() -> bool:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in messages:
                sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
                )
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return bool(counts["ApproximateNumberOfMessages"] == "0")

    eventually(are_moved)
