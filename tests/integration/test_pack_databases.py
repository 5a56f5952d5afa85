"""The packs of databases and caches, drilled: real servers and exporters, and a CloudWatch that is
fed; one Prometheus watches them all."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from obs.packs.pack import built_in
from obs.sandbox.aws_emulator import ACCESS_KEY, ACCOUNT, SECRET_KEY, AwsEmulator
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.aws_fixtures import emulator
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.pack_services import exporters
from tests.integration.pack_services.cloudwatch import feed
from tests.integration.pack_services.drilling import queries, quick_rules
from tests.integration.pack_services.exporters import Exporter, postgres_exporter, redis_exporter
from tests.integration.pack_services.sessions import RedisSession, sql_sessions
from tests.integration.pack_services.telemetry import load
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.waiting import eventually

__all__ = ["emulator"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no Prometheus is installed"),
    pytest.mark.skipif(
        not (exporters.POSTGRES and exporters.POSTGRES_EXPORTER),
        reason="no PostgreSQL or no postgres_exporter is installed",
    ),
    pytest.mark.skipif(
        not (exporters.REDIS and exporters.REDIS_EXPORTER),
        reason="no Redis or no redis_exporter is installed",
    ),
]

PACKS: Final[dict[str, Any]] = {
    "postgres": {"where": {"job": "postgres"}},
    "redis": {"where": {"job": "redis"}},
    "rds": {"source": "aws", "databases": ["kb-*"], "max_connections": 100},
    "opensearch": {"source": "aws", "domains": ["kb"], "account": ACCOUNT, "nodes": 3},
    "elasticache": {"source": "aws", "caches": ["kb-*"]},
}
TUNED: Final = {
    "PostgresIdleInTransaction": {"above": "1s"},
    "PostgresTransactionLong": {"above": "1s"},
    "PostgresWraparoundNear": {"above": 1},
}
NEWER: Final = """
pg_replication:
  query: >-
    select case when pg_is_in_recovery() then extract(epoch from now() -
    pg_last_xact_replay_timestamp()) else 0 end as lag_seconds
  metrics:
    - lag_seconds: {usage: GAUGE, description: Behind the primary}
pg_database_wraparound:
  query: >-
    select datname, age(datfrozenxid) as age_datfrozenxid_seconds from pg_database
    where not datistemplate
  metrics:
    - datname: {usage: LABEL, description: Database}
    - age_datfrozenxid_seconds: {usage: GAUGE, description: Age}
"""
"""What newer exporters have of themselves, by the same names."""
CONNECTIONS: Final = 20
SLOW: Final = {"postgres": "1200ms"}  # what a scrape takes while the server is down
MAY_BE_EMPTY: Final = {  # there is no replica
    *("WAL left to replay", "Connected to the master"),
    "Since the last acknowledgement of replicas",
}
GIB: Final = 2.0**30

WELL: Final[dict[str, dict[str, float]]] = {
    "AWS/RDS": {
        "CPUUtilization": 20,
        "DatabaseConnections": 30,
        "FreeStorageSpace": 50 * GIB,
        "FreeableMemory": 2 * GIB,
        "SwapUsage": 0,
        "ReplicaLag": 0,
        "ReadLatency": 0.001,
        "WriteLatency": 0.002,
        "CPUCreditBalance": 500,
        "BurstBalance": 100,
    },
    "AWS/ES": {
        "ClusterStatus.green": 1,
        "ClusterStatus.yellow": 0,
        "ClusterStatus.red": 0,
        "Nodes": 3,
        "FreeStorageSpace": 50 * 1024,
        "ClusterIndexWritesBlocked": 0,
        "JVMMemoryPressure": 60,
        "CPUUtilization": 20,
        "AutomatedSnapshotFailure": 0,
        "Shards.unassigned": 0,
        "SearchLatency": 12,
        "IndexingLatency": 8,
    },
    "AWS/ElastiCache": {
        "CacheHits": 9900,
        "CacheMisses": 100,
        "Evictions": 0,
        "CurrConnections": 20,
        "EngineCPUUtilization": 10,
        "DatabaseMemoryUsagePercentage": 60,
        "ReplicationLag": 0.3,
        "SwapUsage": 0,
    },
}
"""A minute of each service in which all is well, in the units of AWS."""
ILL: Final[dict[str, dict[str, float]]] = {
    "AWS/RDS": {
        "CPUUtilization": 90,
        "DatabaseConnections": 95,
        "FreeStorageSpace": 1 * GIB,
        "FreeableMemory": GIB / 16,
        "ReplicaLag": 300,
        "ReadLatency": 0.05,
        "WriteLatency": 0.05,
        "CPUCreditBalance": 2,
        "BurstBalance": 5,
    },
    "AWS/ES": {
        "ClusterStatus.green": 0,
        "ClusterStatus.yellow": 1,
        "ClusterStatus.red": 1,
        "Nodes": 2,
        "FreeStorageSpace": 1024,
        "ClusterIndexWritesBlocked": 1,
        "JVMMemoryPressure": 93,
        "CPUUtilization": 95,
        "AutomatedSnapshotFailure": 1,
    },
    "AWS/ElastiCache": {
        "CacheHits": 3000,
        "CacheMisses": 7000,
        "Evictions": 5000,
        "CurrConnections": 60_000,
        "EngineCPUUtilization": 95,
        "DatabaseMemoryUsagePercentage": 99,
        "ReplicationLag": 60,
        "SwapUsage": GIB,
    },
}
OBJECTS: Final = {
    "AWS/RDS": {"DBInstanceIdentifier": "kb-db"},
    "AWS/ES": {"DomainName": "kb"},
    "AWS/ElastiCache": {"CacheClusterId": "kb-redis-001", "CacheNodeId": "0001"},
}
STAYS: Final = {
    "ObsWatchdog",
    "RdsStorageFillingUp",  # its forecast has the fault in it for its window
}


@dataclass(frozen=True)
class Account:
    """An AWS account whose CloudWatch is fed, and the collector that reads it."""

    url: str
    collector: CollectorProcess
    newest: dict[int, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def go_on(self) -> None:
        """Publish the same as before once the minute is over: on a busy machine."""
        for end, values in list(self.newest.items()):
            if self.collector.clock.minute > end:
                self.publish(values)

    def publish(self, values: Mapping[str, Mapping[str, float]]) -> None:
        """Let five minutes end in which the services published these values in each, over those of
        WELL; a service that is not named published none."""
        clock = self.collector.clock
        ahead = 5 - clock.minute // 60 % 5
        end = clock.minute + 60 * ahead
        for namespace, given in values.items():
            for metric, value in {**WELL[namespace], **given}.items():
                minutes = dict.fromkeys(range(end - 300, end, 60), value)
                feed(self.url, namespace, metric, minutes, **OBJECTS[namespace])
        self.newest.clear()
        self.newest[clock.turn(max(1, (end - clock.minute) // 60))] = values


@dataclass(frozen=True)
class Stores:
    """Databases and caches, and who watches them."""

    postgres: Exporter
    redis: Exporter
    aws: Account
    prometheus: Watching

    def expect(self, *names: str) -> None:
        """Wait until each of the alerts has fired."""
        missing = set(names)

        def all_fired() -> bool:
            self.aws.go_on()
            missing.difference_update(self.prometheus.firing())
            return not missing

        with suppress(AssertionError):  # which says less than what is missing
            eventually(all_fired)
        assert missing == set()

    def resolved(self, but: set[str]) -> None:
        """Wait until no alert fires but these."""

        def nothing_else_fires() -> bool:
            self.aws.go_on()
            return not self.prometheus.firing() - but

        with suppress(AssertionError):
            eventually(nothing_else_fires)
        assert self.prometheus.firing() - but == set()


@pytest.fixture(scope="module")
def stores(emulator: AwsEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    emulator.reset()
    folder, url = tmp_path_factory.mktemp("stores"), emulator.endpoint_url
    spec = spec_of(folder, aws={"endpoint_url": url})
    spec |= {"packs": PACKS, "alerts": TUNED}
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    collector = CollectorProcess(folder / "collector", spec, environment=environment)
    account = Account(url, collector)
    account.publish(WELL)
    settings = (f"max_connections={CONNECTIONS}", "deadlock_timeout=50ms")
    options = [part for each in settings for part in ("-c", each)]
    with ExitStack() as stack:
        redis = stack.enter_context(redis_exporter(folder, "--maxmemory", "4mb"))
        postgres = stack.enter_context(postgres_exporter(folder, *options, queries=NEWER))
        stack.callback(collector.kill)
        collector.start()
        rules = quick_rules(folder, collector.spec_file)
        targets = {"postgres": postgres.target, "redis": redis.target}
        targets["obs"] = collector.url.removeprefix("http://")
        prometheus = stack.enter_context(
            watching(folder, targets, rules=str(rules), every="250ms", slow=SLOW)
        )
        yield Stores(postgres, redis, account, prometheus)
    print(collector.log)  # noqa: T201  shown with a test that fails


def test_no_panel_is_empty(stores: Stores) -> None:
    session = RedisSession(stores.redis.port)
    session.run("GET", "absent")
    stores.aws.publish(WELL)  # lookups of which a share can be told
    asked = [
        (f"{page}: {title}", promql)
        for page in PACKS
        for title, promql in queries(stores.aws.collector.spec_file, page)
        if title not in MAY_BE_EMPTY
    ]
    assert len(asked) > 60

    def all_drawn() -> bool:
        stores.aws.go_on()
        asked[:] = [each for each in asked if not stores.prometheus.query(each[1])]
        return not asked

    with sql_sessions(stores.postgres.port, 1) as (one,):
        assert one.run("select pg_create_physical_replication_slot('standby', true)")
        assert one.run("begin")
        with suppress(AssertionError):
            eventually(all_drawn)
    assert asked == []


def test_faults_of_databases_and_of_services_of_aws_are_told(stores: Stores) -> None:
    port, server = stores.postgres.port, stores.redis.server
    assert server
    server.stop()
    stores.aws.publish(ILL)
    silent = {"RdsInstanceSilent", "OpenSearchSilent", "ElastiCacheNodeSilent"}
    of_aws = {
        a.name for pack in ("rds", "opensearch", "elasticache") for a in built_in(pack).alerts
    }
    with sql_sessions(port, 2) as (one, other):
        one.run("create table a as select 1 as x; create table b as select 1 as x")
        one.run("begin; update a set x = 2")
        other.run("begin; update b set x = 2")
        one.send("update b set x = 3")
        other.send("update a set x = 3")
        assert sorted([one.wait(), other.wait()]) == [False, True]
    with sql_sessions(port, CONNECTIONS) as sessions:  # the end of the others has counted it
        assert len(sessions) >= CONNECTIONS - 4
        one = sessions[0]
        assert one.run("begin; select 1")
        stores.expect(
            *("PostgresDeadlocks", "PostgresIdleInTransaction", "PostgresTransactionLong"),
            *("PostgresConnectionsHigh", "PostgresConnectionsExhausted"),
            *("PostgresSlotInactive", "PostgresWraparoundNear", "RedisDown"),
            *(of_aws - silent - {"RdsReplicationStopped"}),
        )
        assert [one.run("rollback"), one.run("vacuum freeze")] == [True, True]
        assert one.run("select pg_drop_replication_slot('standby')")
    server.start()
    stores.aws.publish(WELL | {"AWS/RDS": {"ReplicaLag": -1}})
    stores.expect("RdsReplicationStopped")
    stores.aws.publish({})
    stores.expect(*silent)
    stores.aws.publish(WELL)
    stores.resolved(STAYS)


def test_faults_of_a_cache_are_told(stores: Stores) -> None:
    server = stores.postgres.server
    assert server
    server.kill()
    stores.postgres.process.stop()
    session = RedisSession(stores.redis.port)
    fill(session)
    assert session.run("SET", "another", "x" * 1000).startswith("-OOM")
    stores.expect("RedisMemoryHigh", "RedisMemoryFull", "PostgresExporterDown")
    stores.postgres.process.start()
    session.run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with load(lambda: write_and_miss(stores.redis.port), per_second=20):
        stores.expect("RedisEvictions", "RedisHitRatioLow", "PostgresDown")
        eventually(lambda: not {"RedisMemoryHigh", "RedisMemoryFull"} & stores.prometheus.firing())
    server.start()
    session.run("CONFIG", "SET", "maxclients", "10")
    with ExitStack() as stack:
        for _ in range(8):  # the exporter needs one too
            stack.callback(RedisSession(stores.redis.port).close)
        stores.expect("RedisClientsHigh")
        more = [RedisSession(stores.redis.port) for _ in range(3)]
        assert "-ERR max number of clients reached" in [each.run("PING") for each in more]
    stores.expect("RedisConnectionsRejected")
    stores.resolved(STAYS)


def fill(session: RedisSession) -> None:
    """Write more than the server has memory for."""
    list(session.runs(*(("SET", f"key:{number}", "x" * 1000) for number in range(5000))))


def write_and_miss(port: int) -> None:
    """Make the server evict, and ask for what it does not have."""
    session = RedisSession(port)
    list(session.runs(("SET", f"more:{time.monotonic()}", "x" * 1000), ("GET", "absent")))
    session.close()
