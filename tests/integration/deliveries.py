"""A stream with one consumer, and what is delivered to it."""

import nats
from nats.js.api import ConsumerConfig

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import key

CONSUMER = {"nats": "nats", "account": "$G", "stream": "ORDERS", "consumer": "worker"}
DELIVERED = key("nats_consumer_delivered_total", **CONSUMER)


async def create_stream(server: NatsServer) -> None:
    """A stream with a consumer."""
    client = await nats.connect(server.url)
    stream = client.jetstream()
    await stream.add_stream(name="ORDERS", subjects=["orders"])
    await stream.add_consumer("ORDERS", ConsumerConfig(durable_name="worker"))
    await client.close()


async def deliver(server: NatsServer, messages: int) -> None:
    """Publish so many messages, and have them delivered and acknowledged."""
    client = await nats.connect(server.url)
    stream = client.jetstream()
    for _ in range(messages):
        await stream.publish("orders", b"x")
    pull = await stream.pull_subscribe_bind(consumer="worker", stream="ORDERS")
    for message in await pull.fetch(messages):
        await message.ack_sync()
    await client.close()
