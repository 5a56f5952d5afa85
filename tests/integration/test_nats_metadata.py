"""Metadata of streams and consumers on a real server, by all three ways in."""

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import nats
import pytest

from obs.sandbox.nats_server import NatsServer
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.nats_binary import run_by

pytestmark = pytest.mark.integration
__all__ = ["collectors"]

ADMIN = {"user": "admin", "password": "secret"}
SYSTEM = {"user": "sys", "password": "secret"}


async def _fill(server: NatsServer) -> None:
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream()
    owned = {"team": "orders", "acme/owner": "ann"}
    await js.add_stream(name="ORDERS", subjects=["orders"], metadata=owned)
    await js.add_stream(name="OTHER", subjects=["other"])
    await js.add_consumer("ORDERS", durable_name="worker", metadata={"team": "shipping"})
    await js.add_consumer("ORDERS", durable_name="nobody")
    await client.close()


def test_metadata_is_the_same_by_all_three_ways_in(
    tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    accounts = {
        "OMS": {"users": [ADMIN], "jetstream": "enabled"},
        "SYS": {"users": [SYSTEM]},
    }
    extra = {"accounts": accounts, "system_account": "SYS"}
    password = tmp_path / "password"
    password.write_text("secret\n")
    with run_by(NatsServer(tmp_path / "nats", extra=extra)) as server:
        asyncio.run(_fill(server))
        admin, system = (
            {"servers": [server.url], "user": user, "password_file": str(password)}
            for user in ("admin", "sys")
        )
        ways: dict[str, dict[str, Any]] = {
            "http": {"monitor": [server.monitor]},
            "system": {"system": system},
            "account": {"connection": admin | {"account": "OMS"}},
        }
        for way, fields in ways.items():
            labels = {"metadata_labels": ["team", "acme/owner"]}
            spec = NatsSource.model_validate(fields | labels)
            with closing(open_cluster("main", spec, time.time)) as cluster:
                snapshot = cluster.poll()
            of_streams = {each.name: each.config.metadata for each in snapshot.streams}
            of_consumers = {each.name: each.config.metadata for each in snapshot.consumers}
            assert of_streams == {"ORDERS": ("orders", "ann"), "OTHER": ()}, way
            assert of_consumers == {"worker": ("shipping", ""), "nobody": ()}, way

        spec_ = spec_of(tmp_path, nats=ways["http"] | labels)
        collectors.append(CollectorProcess(tmp_path, spec_).start())
        found = {name: dict(of) for name, of in collectors[0].scrape() if "metadata" in name}
        of_stream = {"nats": "nats", "account": "OMS", "stream": "ORDERS"}
        assert found == {
            "nats_stream_metadata_info": of_stream | {"team": "orders", "acme_owner": "ann"},
            "nats_consumer_metadata_info": of_stream
            | {"consumer": "worker", "team": "shipping"},  # an empty label is none
        }
        lag = key("nats_consumer_lag_messages", **of_stream, consumer="worker")
        assert lag in collectors[0].scrape()
