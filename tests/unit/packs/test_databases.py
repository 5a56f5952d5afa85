"""What the packs of databases and caches make of their settings and of versions of exporters."""

from pathlib import Path

import pytest

from obs.alerts.alert import TunedAlert
from obs.alerts.tuning import tuned_alerts
from obs.packs.opensearch import metrics as opensearch
from obs.packs.postgres import metrics as postgres
from obs.spec.load import load
from obs.spec.report import InvalidSpec
from obs.spec.system import System


def system(folder: Path, packs: str) -> System:
    path = folder / "spec.yaml"
    path.write_text(
        "version: 1\nsystem: kb\nsources: {aws: {cloud: {region: us-east-1}}}\n"
        f"packs: {packs}\n"
    )
    return load([path], variables={})


def rules(folder: Path, packs: str) -> dict[str, TunedAlert]:
    return {each.name: each for each in tuned_alerts(system(folder, packs))}


def test_connections_of_rds_are_judged_by_the_limit_that_the_spec_names(tmp_path: Path) -> None:
    built = rules(tmp_path, '{rds: {source: cloud, databases: ["kb-*"], max_connections: 400}}')
    assert built["RdsConnectionsHigh"].expression.splitlines()[0].endswith("> 320")
    built = rules(tmp_path, '{rds: {source: cloud, databases: ["kb-*"]}}')
    assert built["RdsConnectionsHigh"].expression.splitlines()[0].endswith("> 80")


def test_nodes_of_opensearch_are_judged_only_where_the_spec_says_how_many(tmp_path: Path) -> None:
    domain = 'source: cloud, domains: [kb], account: "123456789012"'
    assert "OpenSearchNodesMissing" not in rules(tmp_path, f"{{opensearch: {{{domain}}}}}")
    built = rules(tmp_path, f"{{opensearch: {{{domain}, nodes: 5}}}}")
    assert built["OpenSearchNodesMissing"].expression.splitlines()[0].endswith("< 5")


def test_an_account_is_twelve_digits(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match="12 digits"):
        system(tmp_path, '{opensearch: {source: cloud, domains: [kb], account: "12345"}}')


def test_an_aws_source_reads_each_metric_of_each_glob(tmp_path: Path) -> None:
    packs = '{opensearch: {source: cloud, domains: [kb, "logs-*"], account: "123456789012"}}'
    read = system(tmp_path, packs).sources.aws["cloud"].metrics
    assert len(read) == 2 * len(opensearch.EVERY)
    assert {each.dimensions["DomainName"] for each in read} == {"kb", "logs-*"}
    assert {each.dimensions["ClientId"] for each in read} == {"123456789012"}


def test_free_storage_of_opensearch_is_told_in_bytes_although_aws_counts_mebibytes() -> None:
    free = opensearch.FREE_STORAGE.metric
    assert free.name == "aws_es_free_storage_space_min_bytes"
    assert 20_480 / free.twin.per_unit == 20 * 2**30


def test_a_replicas_lag_is_read_by_the_name_of_either_version(tmp_path: Path) -> None:
    lagging = rules(tmp_path, "{postgres: {}}")["PostgresReplicaLagging"].expression
    newer, older = (
        f"max by (instance) ({each.name})" for each in (postgres.LAG, postgres.LAG_BEFORE)
    )
    assert f"({newer} or {older}) > 30" in lagging


def test_a_limit_of_memory_is_judged_only_where_there_is_one_and_nothing_is_evicted(
    tmp_path: Path,
) -> None:
    full = rules(tmp_path, "{redis: {}}")["RedisMemoryFull"].expression
    assert "(max by (instance) (redis_memory_max_bytes) > 0)" in full
    assert 'redis_instance_info{maxmemory_policy=~"noeviction|volatile-.*"}' in full
