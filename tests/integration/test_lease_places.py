"""Each kind of place for a lease does the same: on a real nats-server with no more rights than
`obs nats permissions` prints, on an emulated DynamoDB, and on an API server like Kubernetes'."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml

from obs.checks.finding import Outcome
from obs.checks.run import run
from obs.doctor.catalogue import CHECKS
from obs.doctor.lease import read_lease
from obs.errors import SourceError
from obs.lease.handover import Handover
from obs.lease.keeper import Keeper
from obs.lease.kinds import key_of, open_store
from obs.lease.store import Conflict, Store
from obs.lease.trial import Tried, tried
from obs.sandbox.nats_server import NatsServer
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.aws_fixtures import (
    Account,
    account,
    create_lease_table,
    emulator,
    proxy,
)
from tests.integration.certificates import Certificates
from tests.integration.kubernetes_api import KubernetesApi, kubernetes_api, lease_at

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

KINDS = ("nats", "kubernetes", "dynamodb")


@pytest.fixture
def api(certificates: Certificates) -> Iterator[KubernetesApi]:
    with kubernetes_api(certificates) as running:
        yield running


def spec_file(folder: Path, sources: Mapping[str, Any], lease: Mapping[str, Any]) -> Path:
    file = folder / "obs.yaml"
    spec = {"version": 1, "system": "shop", "sources": sources, "ha": {"lease": lease}}
    file.write_text(yaml.safe_dump(spec))
    return file


def read(file: Path) -> System:
    return load([file], variables={})


@contextlib.contextmanager
def nats_place(folder: Path, *, made: bool = True, rights: bool = True) -> Iterator[System]:
    """A server on which obs may do what is printed, and no more; `made`: with the bucket."""
    folder.mkdir(exist_ok=True)
    (folder / "password").write_text("secret")
    server = NatsServer(folder / "nats")
    login = {"user": "obs", "password_file": str(folder / "password"), "account": "SHOP"}
    connection = {"servers": ["nats://127.0.0.1:4222"], **login}
    sources = {"nats": {"main": {"monitor": ["http://127.0.0.1:8222"], "connection": connection}}}
    file = spec_file(folder, sources, {"nats": {"source": "main", "bucket": "obs-lease"}})
    command = [sys.executable, "-m", "obs", "nats", "permissions", "--spec", str(file)]
    said = subprocess.run(
        [*command, "--format", "json"], capture_output=True, check=True, text=True
    )
    (user,) = json.loads(said.stdout)
    allowed = {each: {"allow": user[each]} for each in ("publish", "subscribe")}
    if not rights:
        allowed["publish"] = {"allow": [each for each in user["publish"] if "$KV" not in each]}
    users = [
        {"user": "obs", "password": "secret", "permissions": allowed},
        {"user": "admin", "password": "secret"},
    ]
    server._extra = {"accounts": {"SHOP": {"users": users, "jetstream": "enabled"}}}
    with server:
        if made:
            asyncio.run(_bucket(server.url))
        connection["servers"] = [server.url]
        yield read(spec_file(folder, sources, {"nats": {"source": "main", "bucket": "obs-lease"}}))


async def _bucket(url: str) -> None:
    client = await nats.connect(url, user="admin", password="secret")
    await client.jetstream().create_key_value(bucket="obs-lease", history=1)
    await client.close()


def kubernetes_place(folder: Path, api: KubernetesApi, certificates: Certificates) -> System:
    return read(spec_file(folder, {}, {"kubernetes": lease_at(api, certificates, folder)}))


def dynamodb_place(folder: Path, account: Account, *, made: bool = True) -> System:
    if made:
        create_lease_table(account.endpoint_url)
    aws = {"region": "us-east-1", "endpoint_url": account.faults.endpoint_url}
    lease = {"source": "cloud", "table": "obs-lease"}
    return read(spec_file(folder, {"aws": {"cloud": aws}}, {"dynamodb": lease}))


@pytest.fixture(params=KINDS)
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    if request.param == "nats":
        with nats_place(tmp_path) as made:
            yield made
    elif request.param == "kubernetes":
        given = (request.getfixturevalue(each) for each in ("api", "certificates"))
        yield kubernetes_place(tmp_path, *given)
    else:
        yield dynamodb_place(tmp_path, request.getfixturevalue("account"))


def opened(system: System, stack: contextlib.ExitStack) -> Store:
    assert system.ha
    store = open_store(system.ha)
    stack.callback(store.close)
    return store


def test_one_leads_and_hands_over_what_it_has(system: System) -> None:
    key = key_of(system)
    now = [0.0]
    with contextlib.ExitStack() as stack:
        first, second = opened(system, stack), opened(system, stack)
        assert first.read(key) is None
        one, two = (
            Keeper(store, key, 15, holder=name, now=lambda: now[0])
            for store, name in ((first, "a"), (second, "b"))
        )
        one.look()
        two.look()
        assert (one.leads, two.leads, two.held_by) == (True, False, "a")
        held = first.read(key)
        assert held
        now[0] += 5
        one.look()
        with pytest.raises(Conflict):
            second.write(key, b"{}", held.revision)
        with pytest.raises(Conflict):
            second.write(key, b"{}", None)
        body = bytes(range(256)) * 4_000
        Handover(first, key).leave(body, one.epoch, 7.0)
        two.look()
        now[0] += 16
        two.look()
        assert (two.leads, two.epoch) == (True, 2)
        left = Handover(second, key).left()
        assert left
        assert (left.epoch, left.at, left.body) == (1, 7.0, body)
        Handover(second, key).leave(b"next", two.epoch, 8.0)
        with pytest.raises(SourceError):
            Handover(first, key).leave(b"late", one.epoch, 9.0)
        one.look()
        assert (one.leads, one.held_by, one.epoch) == (False, "b", 2)
        two.stop()
        one.look()
        assert (one.leads, one.epoch) == (True, 3)


def test_the_doctor_tells_who_leads_and_changes_nothing(system: System) -> None:
    key = key_of(system)
    with contextlib.ExitStack() as stack:
        store = opened(system, stack)
        assert tried(store, key) == Tried("", 0)
        assert store.read(key) is None
        keeper = Keeper(opened(system, stack), key, 15, holder="a")
        keeper.look()
        before = store.read(key), store.read(f"{key}.state")
        assert read_lease(system) == Tried("a", 1)
        assert (store.read(key), store.read(f"{key}.state")) == before
        keeper.stop()


def test_the_doctor_says_what_a_place_lacks(
    api: KubernetesApi, certificates: Certificates, account: Account, tmp_path: Path
) -> None:
    told = []
    systems = [
        kubernetes_place(tmp_path, api, certificates),
        dynamodb_place(tmp_path, account, made=False),
    ]
    (tmp_path / "token").write_text("expired")
    with (
        nats_place(tmp_path, rights=False) as forbidden,
        nats_place(tmp_path / "2", made=False) as bare,
    ):
        for system in (*systems, forbidden, bare):
            (check,) = (each for each in CHECKS if each.name == "lease")
            (result,) = run(system, [check])
            (found,) = result.findings
            assert found.outcome is Outcome.FAILED
            told.append(found.advice.splitlines()[0])
    assert told == [
        "kubectl auth can-i update leases --as system:serviceaccount:NAMESPACE:NAME",
        "aws dynamodb describe-table --table-name obs-lease",
        "obs nats permissions",
        "nats kv add obs-lease --replicas 3",
    ]


def test_people_see_who_leads_and_can_take_a_lease_away(
    api: KubernetesApi, certificates: Certificates, tmp_path: Path
) -> None:
    system = kubernetes_place(tmp_path, api, certificates)
    with contextlib.ExitStack() as stack:
        one, two = (Keeper(opened(system, stack), key_of(system), 15, holder=name) for name in "ab")
        one.look()
        two.look()
        lease = api.objects["leases", "obs-shop"]
        assert lease["spec"]["holderIdentity"] == "a"
        assert lease["spec"]["leaseDurationSeconds"] == 15
        assert lease["spec"]["leaseTransitions"] == 1
        lease["spec"]["holderIdentity"] = ""  # kubectl edit
        two.look()
        assert two.leads
        (tmp_path / "token").write_text("expired")
        with pytest.raises(SourceError, match="401: Unauthorized") as caught:
            two.look()
        assert caught.value.reason == "auth"
        assert "expired" not in str(caught.value)
