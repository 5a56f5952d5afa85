"""What streams are, the buckets that they hold, what they copy, and their messages by subject."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import KeyValueConfig, ObjectStoreConfig, StorageType, StreamConfig, StreamSource

from obs.families.family import RowCache
from obs.families.nats_assets import asset_families
from obs.sandbox.nats_server import NatsCluster, NatsServer
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import open_cluster
from obs.sources.nats.permissions import rights
from obs.sources.nats.polled_cluster import PolledCluster
from obs.spec.nats import NatsSource
from tests.integration.nats_binary import run_by
from tests.integration.waiting import answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration

ACCOUNTS = {"OMS": {"admin": "secret"}, "SYS": {"sys": "secret"}}
WAYS = ("monitor", "system", "account")
Told = dict[tuple[str, ...], object]


def source(tmp_path: Path, members: tuple[NatsServer, ...], way: str, **more: Any) -> NatsSource:
    """The spec of the servers by one way; `more` is for the account's connection."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    urls = [member.url for member in members]
    signed_in = {"servers": urls, "password_file": str(password)}
    account = signed_in | {"user": "admin", "account": "OMS"} | more
    ways: dict[str, dict[str, Any]] = {
        "monitor": {"monitor": [member.monitor for member in members]},
        "system": {"system": signed_in | {"user": "sys"}},
        "account": {"connection": account},
    }
    return NatsSource.model_validate(ways[way] | ({"connection": account} if more else {}))


def polled(spec: NatsSource) -> NatsSnapshot:
    with closing(open_cluster("main", spec, time.time)) as cluster:
        return cluster.poll()


def told(snapshot: NatsSnapshot) -> Told:
    """Every sample of streams by the metric's name and its labels without source and account."""
    families = asset_families(
        "main", snapshot.streams, snapshot.by_subject, RowCache(), rolled_up=True
    )
    return {
        (family.metric.name, *row[2:]): value
        for family in families
        for row, value in zip(family.rows.values, family.values, strict=True)
        if value is not None
    }


async def filled(server: NatsServer, fill: Callable[[JetStreamContext], Any], user: str) -> None:
    client = await nats.connect(server.url, user=user, password="secret")
    try:
        await fill(client.jetstream(timeout=5))
    finally:
        await client.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    made = NatsCluster(tmp_path_factory.mktemp("nats"), accounts=ACCOUNTS)
    for member in made.members:
        run_by(member)
    with made:
        asyncio.run(filled(made.members[0], _assets, "admin"))
        yield made


async def _assets(js: JetStreamContext) -> None:
    orders = StreamConfig(
        name="ORDERS",
        subjects=["orders.*"],
        num_replicas=3,
        storage=StorageType.MEMORY,
        duplicate_window=60,
        deny_delete=False,
        allow_direct=True,
        max_msg_size=1000,
    )
    await answered(partial(js.add_stream, orders), *AWAY)
    for subject in ("orders.a", "orders.b", "orders.a", "orders.b"):
        await answered(partial(js.publish, subject, b"x"), *AWAY)
    await js.delete_msg("ORDERS", 2)
    owners = KeyValueConfig(bucket="owners", history=5, ttl=3600, max_bytes=1 << 20, replicas=3)
    kv = await answered(partial(js.create_key_value, owners), *AWAY)
    for key in ("a", "b", "c", "a"):
        await answered(partial(kv.put, key, b"x"), *AWAY)
    await kv.delete("b")
    await kv.purge("a")  # its two values go
    files = ObjectStoreConfig(bucket="files", replicas=3)
    objects = await answered(partial(js.create_object_store, "files", files), *AWAY)
    await objects.put("report", b"x" * 1000)
    # The name of a bucket, but not its subjects.
    await answered(partial(js.add_stream, name="KV_no", subjects=["no"]), *AWAY)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tells_settings_subjects_and_deletes_of_streams(
    cluster: NatsCluster, tmp_path: Path, way: str
) -> None:
    spec = source(tmp_path, cluster.members, way)
    settings = ("limits", "memory", "old", "none", "false", "false", "false", "true")

    def found() -> Told:
        seen = told(polled(spec))
        return seen if seen.get(("nats_stream_deleted_messages", "ORDERS")) == 1 else {}

    seen = eventually(found)
    assert seen["nats_stream_info", "ORDERS", *settings] == 1
    assert seen["nats_stream_subjects", "ORDERS"] == 2
    assert seen["nats_stream_deleted_messages", "KV_owners"] == 1
    assert seen["nats_stream_deleted_messages", "KV_no"] == 0
    assert seen["nats_stream_duplicate_window_seconds", "ORDERS"] == 60
    assert seen["nats_stream_max_message_bytes", "ORDERS"] == 1000


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tells_buckets_by_their_own_names(
    cluster: NatsCluster, tmp_path: Path, way: str
) -> None:
    async def watched() -> Told:
        client = await nats.connect(cluster.members[0].url, user="admin", password="secret")
        try:
            kv = await client.jetstream(timeout=5).key_value("owners")
            await kv.watchall()
            return await asyncio.to_thread(eventually, seen)
        finally:
            await client.close()

    def seen() -> Told:
        now = told(polled(spec))
        return now if now.get(("nats_kv_watchers", "owners")) == before + 1 else {}

    spec = source(tmp_path, cluster.members, way)
    before = int(str(told(polled(spec))["nats_kv_watchers", "owners"]))
    buckets = asyncio.run(watched())
    assert buckets["nats_kv_keys", "owners"] == 3, "deleted keys count by their markers"
    assert buckets["nats_kv_values", "owners"] == 4
    assert buckets["nats_kv_history", "owners"] == 5
    assert buckets["nats_kv_ttl_seconds", "owners"] == 3600
    assert buckets["nats_kv_max_bytes", "owners"] == 1 << 20
    assert buckets["nats_stream_discard_new", "KV_owners"] == 1, "the alert on its bytes applies"
    assert buckets["nats_kv_bytes", "owners"] == buckets["nats_stream_bytes", "KV_owners"]
    assert buckets["nats_object_store_bytes", "files"] == buckets["nats_stream_bytes", "OBJ_files"]
    assert ("nats_object_store_max_bytes", "files") not in buckets
    assert ("nats_kv_keys", "no") not in buckets, "no subjects of a bucket"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server, on which obs has the rights to list, and to count in ORDERS but not in HIDDEN."""
    folder = tmp_path_factory.mktemp("nats")
    made = run_by(NatsServer(folder))
    spec = counting(folder, made, ORDERS=["a"])
    (allowed,) = rights("main", spec)
    permissions = {
        "publish": {"allow": list(allowed.publish)},
        "subscribe": {"allow": list(allowed.subscribe)},
    }
    obs = {"user": "obs", "password": "secret", "permissions": permissions}
    admin = {"user": "admin", "password": "secret"}
    made._extra = {"accounts": {"OMS": {"users": [admin, obs], "jetstream": "enabled"}}}
    with made:
        asyncio.run(filled(made, _orders, "admin"))
        yield made


def counting(tmp_path: Path, server: NatsServer, **streams: list[str]) -> NatsSource:
    """Only with the account's own rights, and as obs."""
    return source(
        tmp_path, (server,), "account", user="obs", count_subjects=dict(streams), domain=None
    )


async def _orders(js: JetStreamContext) -> None:
    await js.add_stream(name="ORDERS", subjects=["orders.>"])
    await js.add_stream(name="HIDDEN", subjects=["hidden.>"])
    for subject in ("orders.eu.1", "orders.eu.2", "orders.us.1", "orders.eu.1", "hidden.x"):
        await js.publish(subject, b"x")
    both = [
        StreamSource(name="ORDERS", filter_subject="orders.eu.>"),
        StreamSource(name="ORDERS", filter_subject="orders.us.>"),
    ]
    await js.add_stream(StreamConfig(name="COPY", sources=both))
    kv = await js.create_key_value(bucket="owners", history=2)
    await kv.put("a", b"x")


@pytest.mark.parametrize("way", ["monitor", "account"])
def test_a_single_server_tells_its_buckets(server: NatsServer, tmp_path: Path, way: str) -> None:
    seen = told(polled(source(tmp_path, (server,), way)))
    assert (seen["nats_kv_keys", "owners"], seen["nats_kv_history", "owners"]) == (1, 2)
    assert seen["nats_kv_watchers", "owners"] == 0


def counted(cluster: PolledCluster) -> NatsSnapshot:
    """The first poll that tells what was counted."""

    def poll() -> NatsSnapshot | None:
        snapshot = cluster.poll()
        return snapshot if snapshot.by_subject or snapshot.uncounted else None

    snapshot = eventually(poll)
    assert snapshot is not None
    return snapshot


def test_messages_are_counted_by_subject_with_the_printed_rights_alone(
    server: NatsServer, tmp_path: Path
) -> None:
    spec = counting(tmp_path, server, ORDERS=["orders.eu.>", "orders.*.1", "orders.none"])
    with closing(open_cluster("main", spec, time.time, by_subject=True)) as cluster:
        snapshot = counted(cluster)
    name = "nats_stream_subject_messages"
    samples = {key[1:]: value for key, value in told(snapshot).items() if key[0] == name}
    assert samples == {
        ("ORDERS", "orders.eu.>"): 3,
        ("ORDERS", "orders.*.1"): 3,
        ("ORDERS", "orders.none"): 0,
    }
    assert snapshot.uncounted == ()


def test_a_right_that_lacks_is_named_and_costs_only_its_stream(
    server: NatsServer, tmp_path: Path
) -> None:
    spec = counting(tmp_path, server, HIDDEN=["hidden.>"], GONE=["gone"], ORDERS=["orders.us.>"])
    with closing(open_cluster("main", spec, time.time, by_subject=True)) as cluster:
        snapshot = counted(cluster)
        assert snapshot.tells_all
    assert [(each.stream, each.messages) for each in snapshot.by_subject] == [("ORDERS", 1)]
    hidden, gone = snapshot.uncounted
    assert "stream HIDDEN" in hidden
    assert "lacks the permission to publish to $JS.API.STREAM.INFO.HIDDEN" in hidden
    assert "stream GONE" in gone
    assert "$JS.API.STREAM.INFO.GONE" in gone


def test_two_origins_of_one_name_are_told_apart_and_why_they_cannot_be_copied(
    server: NatsServer, tmp_path: Path
) -> None:
    spec = counting(tmp_path, server, ORDERS=["orders.>"])
    origins = {("COPY", "ORDERS orders.eu.>"), ("COPY", "ORDERS orders.us.>")}

    def copied() -> set[tuple[str, ...]]:
        seen = told(polled(spec))
        return {key[1:] for key, lag in seen.items() if key[0].endswith("lag_messages") and key[2:]}

    assert eventually(lambda: copied() == origins)
    asyncio.run(filled(server, lambda js: js.delete_stream("ORDERS"), "admin"))

    def errors() -> set[str]:
        (copy,) = (each for each in polled(spec).streams if each.name == "COPY")
        return {each.error for each in copy.sources if each.error}

    assert eventually(errors) == {"stream not found"}
