"""Servers of a NATS cluster: versions that differ, and storage promised beyond what there is."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from obs.catalogue import nats_server
from obs.checks.finding import CheckFinding, doubtful, right, skipped, wrong
from obs.snapshot.assets import Stream
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import NatsServer
from obs.spec.system import System

_NOT_TOLD: Final = "an account does not tell of its servers"


class _Storage(NamedTuple):
    """One kind of storage of a server, in bytes."""

    kind: str
    limit: int | None
    reserved: float | None
    setting: str


def judge_versions(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """All servers have the same version."""
    versions: dict[str, list[str]] = defaultdict(list)
    for server in _servers(snapshot):
        if server.version:
            versions[server.version].append(server.name)
    if not versions:
        yield skipped(source, _NOT_TOLD)
    elif len(versions) == 1:
        yield right(source, f"all servers have version {next(iter(versions))}")
    else:
        told = "; ".join(f"{v} on {', '.join(sorted(of))}" for v, of in sorted(versions.items()))
        yield doubtful(
            source,
            f"its servers have different versions: {told}",
            "upgrade them to one version, one server at a time: `nats-server --signal ldm`, then "
            "start the new version",
        )


def judge_reserved(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """No server has promised streams and accounts more storage than it may use.

    While one has, it refuses changes of its streams, also those that would help.
    """
    servers = [each for each in _servers(snapshot) if each.store_limit is not None]
    wrongs = 0
    for server in servers:
        held = [each for each in snapshot.streams if server.name in each.holders]
        for storage in _storages(server):
            if finding := _judge_storage(server, storage, held):
                wrongs += 1
                yield finding
    if not servers:
        yield skipped(source, _NOT_TOLD)
    elif not wrongs:
        yield right(source, "no server has reserved more storage than it may use")


def _judge_storage(
    server: NatsServer, storage: _Storage, held: list[Stream]
) -> CheckFinding | None:
    streams = [
        each
        for each in held
        if each.config.storage == storage.kind and each.config.max_bytes is not None
    ]
    allowed = sum(each.config.max_bytes or 0 for each in streams)
    promised = max(allowed, int(storage.reserved or 0))
    if not storage.limit or promised <= storage.limit:
        return None
    largest = max(streams, key=lambda each: each.config.max_bytes or 0, default=None)
    return wrong(
        server.name or server.address,
        f"{promised} bytes of {storage.kind} storage are promised to streams and accounts, more "
        f"than the {storage.limit} that JetStream may use: streams will be refused messages before "
        "they reach their limits",
        f"set jetstream.{storage.setting} of the server to {promised} or more, if it has the room, "
        "and restart it",
        *([f"or move streams to other servers; the largest is {largest.name}"] if largest else []),
    )


def _storages(server: NatsServer) -> Iterator[_Storage]:
    reserved = server.facts.get
    yield _Storage(
        *("file", server.store_limit, reserved(nats_server.RESERVED_STORE.name), "max_file_store")
    )
    yield _Storage(
        "memory",
        server.memory_limit,
        reserved(nats_server.RESERVED_MEMORY.name),
        "max_memory_store",
    )


def _servers(snapshot: NatsSnapshot) -> Iterator[NatsServer]:
    return (each for each in snapshot.servers if each.up and not each.is_account)
